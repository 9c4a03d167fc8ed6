// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace cachet_test {

namespace {

[[noreturn]] void giveUp(const std::string &what)
{
    std::perror(what.c_str());
    std::abort();
}

} // namespace

TempDir::TempDir(const std::string &parent)
{
    const char *const fromEnvironment = std::getenv("TMPDIR");
    std::string where = parent;
    if (where.empty())
        where = fromEnvironment && *fromEnvironment ? fromEnvironment : "/tmp";
    m_path = where + "/cachet-test-XXXXXX";
    if (!::mkdtemp(m_path.data()))
        giveUp("mkdtemp " + m_path);
}

TempDir::~TempDir()
{
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

std::string TempDir::file(std::string_view name) const
{
    return m_path + "/" + std::string(name);
}

std::string TempDir::write(std::string_view name, std::span<const std::byte> bytes) const
{
    const std::string target = file(name);
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out)
        giveUp("write " + target);
    return target;
}

bool TempDir::writeSparse(std::string_view name, std::uint64_t size) const
{
    const std::string target = file(name);
    const int descriptor = ::open(target.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0)
        giveUp("create " + target);
    const bool made = ::ftruncate(descriptor, static_cast<off_t>(size)) == 0;
    ::close(descriptor);
    return made;
}

std::vector<std::byte> readFile(const std::string &path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in)
        giveUp("read " + path);
    const std::vector<char> chars{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::vector<std::byte> bytes;
    bytes.reserve(chars.size());
    for (const char c : chars)
        bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

std::vector<std::byte> patternBytes(std::size_t size, std::uint64_t salt)
{
    std::vector<std::byte> bytes(size);
    std::uint64_t state = salt * 0x9e3779b97f4a7c15ULL + 1;
    for (std::size_t i = 0; i < size; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        bytes[i] = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}

} // namespace cachet_test
