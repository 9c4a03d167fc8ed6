// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <cstdint>
#include <span>

namespace cachet_test {

/// What a tool printed and how it ended.
struct ToolRun {
    int exitCode = -1;
    QByteArray output; ///< standard output and standard error, as they came
};

/// Runs a system tool to its end, `input` on its standard input. Blocking. By posix_spawn, because ThreadSanitizer loses track of a
/// thread that forks the way QProcess does.
[[nodiscard]] ToolRun runTool(const QString &program, const QStringList &arguments, const QByteArray &input = {});

/// The first of `tools` this machine lacks; empty when all are there. Looks where root's tools live too.
[[nodiscard]] QString missingTool(const QStringList &tools);

/// A disk image with a GPT and one ext4 partition that holds real files.
struct DiskImage {
    static constexpr std::uint64_t kSize = 64ULL << 20;
    static constexpr std::uint64_t kPartitionBegin = 1ULL << 20;
    static constexpr std::uint64_t kSuperblock = kPartitionBegin + 1024;
    static constexpr std::uint64_t kMagic = kSuperblock + 0x38;
    static constexpr std::uint64_t kLabel = kSuperblock + 0x78; ///< 16 bytes
    static constexpr std::uint64_t kChecksum = kSuperblock + 0x3fc;

    QString path;

    /// How e2fsprogs names the file system inside the image.
    [[nodiscard]] QString fileSystem() const;
};

/// Makes `path` such an image, labelled `label`, with the files of the folder `content` in it. The error in words, or empty.
[[nodiscard]] QString makeDiskImage(const DiskImage &image, const QString &content, const QString &label);

/// The CRC that ext4 keeps of its superblock: CRC-32C, reflected, start 0xffffffff, not inverted at the end.
[[nodiscard]] std::uint32_t ext4Checksum(std::span<const std::byte> bytes);

/// CRC-32 as GPT uses it (IEEE 802.3).
[[nodiscard]] std::uint32_t gptChecksum(std::span<const std::byte> bytes);

} // namespace cachet_test
