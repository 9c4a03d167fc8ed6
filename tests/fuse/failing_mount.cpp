// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuse/failing_mount.h"

#include "tests/crash/disk_document.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace cachet_test {

namespace {

const char *nameOf(Caching caching)
{
    switch (caching) {
    case Caching::Direct:
        return "direct";
    case Caching::Cached:
        return "cached";
    case Caching::Writeback:
        break;
    }
    return "writeback";
}

} // namespace

FailingMount::FailingMount(Caching caching, std::span<const std::byte> image, Access access)
    : m_caching(caching)
    , m_access(access)
{
    m_backing.write("disk.img", image);
    (void)plugIn();
}

FailingMount::~FailingMount()
{
    unplug();
}

bool FailingMount::plugIn()
{
    const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) {
        m_whyNot = std::string("/dev/fuse does not open: ") + std::strerror(errno);
        return false;
    }
    ::close(device);
    const std::string program = CACHET_FAILING_FS;
    if (program.empty()) {
        m_whyNot = "libfuse3-dev was missing when the tests were built";
        return false;
    }
    std::vector<std::string> arguments{m_backing.path(), m_mountPoint.path(), nameOf(m_caching)};
    if (m_access == Access::ReadOnly)
        arguments.emplace_back("ro");
    m_program
        = std::make_unique<SpawnedProgram>(program, arguments, std::vector<std::string>(), m_output.file("output"));
    if (m_program->wait() != SpawnedProgram::Event::Stopped) {
        const std::vector<std::byte> said = readFile(m_output.file("output"));
        m_whyNot
            = "the FUSE mount is refused: " + std::string(reinterpret_cast<const char *>(said.data()), said.size());
        m_program.reset();
        return false;
    }
    m_program->resume();
    return true;
}

void FailingMount::unplug()
{
    if (!m_program)
        return;
    m_program->terminate();
    (void)m_program->wait();
    m_program.reset();
}

std::vector<std::byte> FailingMount::medium() const
{
    return readFile(m_backing.file("disk.img"));
}

std::vector<std::string> FailingMount::namesOnMedium() const
{
    return namesIn(m_backing.path());
}

bool FailingMount::tell(const std::string &line) const
{
    const int control = ::open(m_mountPoint.file(".control").c_str(), O_WRONLY | O_CLOEXEC);
    if (control < 0)
        return false;
    const bool told = ::write(control, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    ::close(control);
    return told;
}

std::uint64_t FailingMount::applied() const
{
    std::array<char, 32> text{};
    const int control = ::open(m_mountPoint.file(".control").c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t got = control < 0 ? -1 : ::read(control, text.data(), text.size());
    if (control >= 0)
        ::close(control);
    std::uint64_t count = 0;
    (void)std::from_chars(text.data(), text.data() + std::max<ssize_t>(got, 0), count);
    return count;
}

} // namespace cachet_test
