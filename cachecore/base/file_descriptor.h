// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <unistd.h>

namespace cachecore {

/// Owns one descriptor of the system, or none (-1), and closes it. Move-only. Thread: like an int.
class FileDescriptor {
public:
    FileDescriptor() = default;
    /// Takes ownership; a negative number is none.
    explicit FileDescriptor(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    FileDescriptor(FileDescriptor &&other) noexcept
        : m_descriptor(other.release())
    {
    }
    FileDescriptor &operator=(FileDescriptor &&other) noexcept
    {
        if (this != &other) {
            reset();
            m_descriptor = other.release();
        }
        return *this;
    }
    ~FileDescriptor() { reset(); }

    [[nodiscard]] int get() const { return m_descriptor; }
    [[nodiscard]] bool valid() const { return m_descriptor >= 0; }
    /// Gives up ownership.
    [[nodiscard]] int release() { return std::exchange(m_descriptor, -1); }
    /// Closes now. Errors of close are not reported: what must reach the disk is synced before.
    void reset()
    {
        if (valid())
            ::close(release());
    }

private:
    int m_descriptor = -1;
};

} // namespace cachecore
