// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/loop_device.h"

#include <array>
#include <cstdio>
#include <string_view>

#include <unistd.h>

namespace cachet_test {

// Not by QProcess, after whose fork ThreadSanitizer refuses to start threads.
std::string outputOf(const std::string &command)
{
    std::FILE *const pipe = ::popen(command.c_str(), "re");
    if (!pipe)
        return {};
    std::array<char, 256> line{};
    const bool got = std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr;
    const bool succeeded = ::pclose(pipe) == 0;
    if (!got || !succeeded)
        return {};
    const std::string_view text(line.data());
    return std::string(text.substr(0, text.find('\n')));
}

LoopDevice::LoopDevice(const std::string &file, Access access, unsigned sector)
    : m_path(outputOf("losetup --find --show --sector-size " + std::to_string(sector)
                      + (access == Access::ReadOnly ? " --read-only '" : " '") + file + "' 2>/dev/null"))
{
}

LoopDevice::~LoopDevice()
{
    if (!m_path.empty())
        (void)outputOf("losetup --detach " + m_path);
}

const char *LoopDevice::whyNot() const
{
    return ::geteuid() != 0 ? "a loop device needs root" : "losetup is missing or was refused";
}

} // namespace cachet_test
