// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/screenshot_file.h"

#include "ui/session/error_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cachet {

namespace {

constexpr std::array<char, 8> kPngSignature{'\x89', 'P', 'N', 'G', '\r', '\n', '\x1a', '\n'};

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::Screenshot", text);
}

/// The name for a sentence, which is one line whatever the name holds.
QString shownName(const std::string &path)
{
    QString name = displayPath(path);
    for (QChar &c : name) {
        if (c.category() == QChar::Other_Control)
            c = QChar::ReplacementCharacter;
    }
    return name;
}

class Descriptor {
public:
    explicit Descriptor(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    ~Descriptor() { (void)close(); }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    [[nodiscard]] bool valid() const { return m_descriptor >= 0; }
    [[nodiscard]] int get() const { return m_descriptor; }
    bool close() { return m_descriptor < 0 || ::close(std::exchange(m_descriptor, -1)) == 0; }

private:
    int m_descriptor;
};

bool beginsAsPng(const std::string &path)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    std::array<char, kPngSignature.size()> begin{};
    return file.valid() && ::read(file.get(), begin.data(), begin.size()) == static_cast<ssize_t>(begin.size())
        && begin == kPngSignature;
}

bool writeAll(int descriptor, const QByteArray &bytes)
{
    qsizetype at = 0;
    while (at < bytes.size()) {
        const ssize_t wrote = ::write(descriptor, bytes.constData() + at, static_cast<std::size_t>(bytes.size() - at));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        at += wrote;
    }
    return ::fsync(descriptor) == 0;
}

/// The name the bytes will have in the end, links followed; empty when a link leads nowhere.
std::string finalName(const std::string &path)
{
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISLNK(found.st_mode))
        return path;
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    return real ? std::string(real.get()) : std::string();
}

/// A new file beside `name`; its own name goes to `made`.
int makeBeside(const std::string &name, std::string &made)
{
    constexpr int kTries = 100;
    const std::size_t slash = name.rfind('/');
    const std::string directory = slash == std::string::npos ? std::string() : name.substr(0, slash + 1);
    for (int number = 0; number < kTries; ++number) {
        made = directory + ".cachet-" + std::to_string(::getpid()) + '-' + std::to_string(number) + ".part";
        const int descriptor = ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
    }
    return -1;
}

} // namespace

std::optional<PictureRefusal> pictureRefusal(const std::string &path, std::span<const std::string> files)
{
    struct stat target{};
    if (::stat(path.c_str(), &target) != 0)
        return std::nullopt; // a new file, or one that cannot be made: saving tells
    const auto isTarget = [&target](const std::string &file) {
        struct stat found{};
        return ::stat(file.c_str(), &found) == 0 && found.st_dev == target.st_dev && found.st_ino == target.st_ino;
    };
    const QString name = shownName(path);
    if (std::ranges::any_of(files, isTarget))
        return PictureRefusal{
            true,
            tr("--screenshot: %1 is the FILE to show; the picture would overwrite it. Give the picture "
               "a name of its own.")
                .arg(name)};
    if (!S_ISREG(target.st_mode))
        return PictureRefusal{
            false, tr("The picture was not saved: %1 is not a regular file. Choose another name.").arg(name)};
    if (!beginsAsPng(path))
        return PictureRefusal{
            false,
            tr("The picture was not saved: %1 exists and is not a readable PNG picture, so it is kept. "
               "Choose another name, or remove it first.")
                .arg(name)};
    return std::nullopt;
}

bool savePicture(const std::string &path, const QByteArray &png)
{
    const std::string name = finalName(path);
    if (name.empty())
        return false;
    struct stat old{};
    const bool replaces = ::stat(name.c_str(), &old) == 0;
    if (replaces && ::access(name.c_str(), W_OK) != 0)
        return false; // renaming over it would not ask
    std::string part;
    Descriptor file(makeBeside(name, part));
    if (!file.valid())
        return false;
    constexpr mode_t kPermissions = 0777;
    const bool saved = (!replaces || ::fchmod(file.get(), old.st_mode & kPermissions) == 0) && writeAll(file.get(), png)
        && file.close() && ::rename(part.c_str(), name.c_str()) == 0;
    if (!saved)
        ::unlink(part.c_str());
    return saved;
}

} // namespace cachet
