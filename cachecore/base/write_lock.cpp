// SPDX-License-Identifier: MIT
#include "cachecore/base/write_lock.h"

#include "cachecore/base/file_descriptor.h"
#include "cachecore/base/holder.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cachecore {

struct WriteLocks::Entry {
    std::mutex mutex; ///< guards the rest, also while the system is asked
    unsigned users = 0;
    bool written = false;      ///< one of them writes
    FileDescriptor descriptor; ///< a copy of the one the lock was taken through; valid while there are users
};

namespace {

std::unexpected<Error> lockError()
{
    return failure(Error::fromErrno(errno, Operation::Lock));
}

bool meansNoLocksHere(int error)
{
    return error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

bool canWrite(int descriptor)
{
    return (::fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

/// Who has locked bytes of the file, as programs do that share one image byte by byte. Nothing: nobody.
Result<std::optional<std::string>> byteLocker(int descriptor, const struct stat &file)
{
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(descriptor, F_OFD_GETLK, &whole) != 0) {
        if (meansNoLocksHere(errno))
            return std::optional<std::string>();
        return lockError();
    }
    if (whole.l_type == F_UNLCK)
        return std::optional<std::string>();
    const HolderFinder finder;
    return whole.l_pid > 0 ? finder.process(whole.l_pid) : finder.ofLock(file, ::getpid());
}

} // namespace

Result<std::optional<std::string>> otherHolder(int descriptor)
{
    struct stat file{};
    if (::fstat(descriptor, &file) != 0)
        return lockError();
    if (auto loop = HolderFinder().loopDeviceOver(file))
        return loop;
    return S_ISBLK(file.st_mode) ? std::optional<std::string>() : byteLocker(descriptor, file);
}

WriteLocks::WriteLocks() = default;
WriteLocks::~WriteLocks() = default;

WriteLocks::Token::Token(std::shared_ptr<Entry> entry, bool writes)
    : m_entry(std::move(entry))
    , m_writes(writes)
{
}

WriteLocks::Token &WriteLocks::Token::operator=(Token &&other) noexcept
{
    if (this != &other) {
        giveBack();
        m_entry = std::move(other.m_entry);
        m_writes = other.m_writes;
    }
    return *this;
}

WriteLocks::Token::~Token()
{
    giveBack();
}

// Unlocked by name and not only closed: a child process that has not yet called exec has the descriptor too.
void WriteLocks::Token::giveBack()
{
    if (!m_entry)
        return;
    {
        const std::lock_guard lock(m_entry->mutex);
        if (m_writes)
            m_entry->written = false;
        if (--m_entry->users == 0) {
            ::flock(m_entry->descriptor.get(), LOCK_UN);
            m_entry->descriptor.reset();
        }
    }
    m_entry.reset();
}

// Entries are copied under m_mutex only, so that one which nobody else has stays so while it is looked at.
std::shared_ptr<WriteLocks::Entry> WriteLocks::entryOf(Key key)
{
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_entries, [](const auto &entry) { return entry.second.use_count() == 1; });
    std::shared_ptr<Entry> &entry = m_entries[key];
    if (!entry)
        entry = std::make_shared<Entry>();
    return entry;
}

Result<WriteLocks::Outcome> WriteLocks::take(int descriptor)
{
    struct stat file{};
    if (::fstat(descriptor, &file) != 0)
        return lockError();
    if (auto loop = HolderFinder().loopDeviceOver(file))
        return Outcome{{}, std::move(loop)};
    if (S_ISBLK(file.st_mode))
        return Outcome{};

    const std::shared_ptr<Entry> entry = entryOf({file.st_dev, file.st_ino});
    const std::lock_guard lock(entry->mutex);
    const bool writes = canWrite(descriptor);
    if (writes && entry->written)
        return Outcome{{}, std::string("this program")};
    if (entry->users == 0) {
        auto locker = byteLocker(descriptor, file);
        if (!locker)
            return failure(locker.error());
        if (*locker)
            return Outcome{{}, std::move(*locker)};
        FileDescriptor own(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
        if (!own.valid())
            return lockError();
        if (::flock(own.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK)
                return Outcome{{}, HolderFinder().ofLock(file)};
            if (!meansNoLocksHere(errno))
                return lockError();
        }
        entry->descriptor = std::move(own);
    }
    ++entry->users;
    entry->written = entry->written || writes;
    return Outcome{Token(entry, writes), std::nullopt};
}

} // namespace cachecore
