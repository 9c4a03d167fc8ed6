// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/disk/disk_image.h"

#include <QFile>
#include <QStandardPaths>
#include <QTemporaryFile>

#include <cstring>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cachet_test {

namespace {

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
    QTemporaryFile given;
    QTemporaryFile printed;
    ToolRun run;
    if (!given.open() || given.write(input) != input.size() || !given.flush() || !printed.open()) {
        run.output = "no room for what the tool reads and prints";
        return run;
    }
    std::vector<QByteArray> words{QFile::encodeName(toolPath(program))};
    for (const QString &argument : arguments)
        words.push_back(QFile::encodeName(argument));
    std::vector<char *> argv;
    for (QByteArray &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, QFile::encodeName(given.fileName()).constData(), O_RDONLY,
                                     0);
    posix_spawn_file_actions_adddup2(&actions, printed.handle(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, printed.handle(), STDERR_FILENO);
    pid_t child = -1;
    const int failed = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failed != 0)
        run.output = std::strerror(failed);
    else if (waitpid(child, &status, 0) == child && WIFEXITED(status))
        run.exitCode = WEXITSTATUS(status);
    QFile all(printed.fileName());
    if (all.open(QIODevice::ReadOnly))
        run.output += all.readAll();
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
    const ToolRun table
        = runTool("sfdisk", {"-q", image.path}, "label: gpt\nstart=1MiB, size=60MiB, type=linux, name=data\n");
    if (table.exitCode != 0)
        return sentence("sfdisk", table);
    const ToolRun made = runTool("mke2fs",
                                 {"-q", "-F", "-t", "ext4", "-L", label, "-d", content, "-E",
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
