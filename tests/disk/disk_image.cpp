// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/disk/disk_image.h"

#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QStandardPaths>

namespace cachet_test {

namespace {

constexpr int kToolTimeoutMs = 60'000;

QStringList toolFolders()
{
    return qEnvironmentVariable("PATH").split(u':') + QStringList{"/usr/sbin", "/sbin"};
}

QString toolPath(const QString &program)
{
    return QStandardPaths::findExecutable(program, toolFolders());
}

QString sentence(const QString &what, const ToolRun &run)
{
    return QStringLiteral("%1 ended with %2: %3").arg(what).arg(run.exitCode).arg(QString::fromLocal8Bit(run.output));
}

/// CRC of 32 bits, reflected, bit by bit.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t polynomial)
{
    std::uint32_t crc = 0xffffffffU;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? polynomial : 0U);
    }
    return crc;
}

} // namespace

ToolRun runTool(const QString &program, const QStringList &arguments, const QByteArray &input)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(toolPath(program), arguments);
    process.write(input);
    process.closeWriteChannel();
    ToolRun run;
    if (!process.waitForFinished(kToolTimeoutMs) || process.exitStatus() != QProcess::NormalExit)
        run.output = process.errorString().toLocal8Bit();
    else
        run.exitCode = process.exitCode();
    run.output += process.readAll();
    return run;
}

QString missingTool(const QStringList &tools)
{
    for (const QString &tool : tools) {
        if (toolPath(tool).isEmpty())
            return tool;
    }
    return {};
}

QString DiskImage::fileSystem() const
{
    return QStringLiteral("%1?offset=%2").arg(path).arg(kPartitionBegin);
}

QString makeDiskImage(const DiskImage &image, const QString &content, const QString &label)
{
    QFile file(image.path);
    if (!file.open(QIODevice::WriteOnly) || !file.resize(DiskImage::kSize))
        return file.errorString();
    file.close();
    const ToolRun table = runTool("sfdisk", {"-q", image.path}, "label: gpt\nstart=1MiB, size=60MiB, type=linux, name=data\n");
    if (table.exitCode != 0)
        return sentence("sfdisk", table);
    const ToolRun made = runTool("mke2fs", {"-q", "-F", "-t", "ext4", "-L", label, "-d", content, "-E",
                                            QStringLiteral("offset=%1").arg(DiskImage::kPartitionBegin), image.path, "60M"});
    return made.exitCode == 0 ? QString() : sentence("mke2fs", made);
}

std::uint32_t ext4Checksum(std::span<const std::byte> bytes)
{
    return crc32(bytes, 0x82f63b78U);
}

std::uint32_t gptChecksum(std::span<const std::byte> bytes)
{
    return ~crc32(bytes, 0xedb88320U);
}

} // namespace cachet_test
