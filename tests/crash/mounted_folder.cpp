// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/mounted_folder.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace cachet_test {

MountedFolder MountedFolder::inMemory(std::uint64_t bytes)
{
    return MountedFolder("tmpfs", "tmpfs", "size=" + std::to_string(bytes));
}

MountedFolder MountedFolder::ofDevice(const std::string &device, const std::string &type)
{
    return MountedFolder(device, type, {});
}

MountedFolder::MountedFolder(const std::string &device, const std::string &type, const std::string &options)
{
    if (::mount(device.c_str(), m_folder.path().c_str(), type.c_str(), MS_NOSUID | MS_NODEV, options.c_str()) != 0)
        m_whyNot = "mounting " + type + " is refused: " + std::strerror(errno);
}

MountedFolder::~MountedFolder()
{
    if (m_whyNot.empty())
        ::umount2(m_folder.path().c_str(), MNT_DETACH);
}

bool MountedFolder::makeReadOnly() const
{
    return ::mount(nullptr, m_folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr)
        == 0;
}

bool MountedFolder::fillUpTo(std::uint64_t bytes) const
{
    struct statvfs room{};
    if (::statvfs(m_folder.path().c_str(), &room) != 0)
        return false;
    const std::uint64_t left = room.f_bavail * room.f_frsize;
    const int filler = ::open(file("filler").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool filled
        = filler >= 0 && (left <= bytes || ::posix_fallocate(filler, 0, static_cast<off_t>(left - bytes)) == 0);
    if (filler >= 0)
        ::close(filler);
    return filled;
}

} // namespace cachet_test
