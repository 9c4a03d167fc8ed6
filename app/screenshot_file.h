// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

#include <optional>
#include <span>
#include <string>

namespace cachet {

/// Why no picture may be saved where it was asked for.
struct PictureRefusal {
    bool sameFile = false; ///< it is one of the files to show, which is a mistake of the command line
    QString sentence;      ///< one line
};

/// Whether a picture may be saved as `path`: a new file, or one that replaces a PNG picture, and none of `files`, by
/// whatever name. Names are bytes. Opens nothing but a regular file, and writes nothing. Blocking.
/// What only saving can tell (a directory that is missing or closed) is left to savePicture.
[[nodiscard]] std::optional<PictureRefusal> pictureRefusal(const std::string &path, std::span<const std::string> files);

/// Makes `path` (bytes) a file of these bytes, as a whole or not at all: written beside it first, then renamed. A symbolic
/// link stays, what it leads to is replaced. False when that fails; then nothing has changed. Blocking.
[[nodiscard]] bool savePicture(const std::string &path, const QByteArray &png);

} // namespace cachet
