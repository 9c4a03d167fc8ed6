// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/dialogs/go_to_expression.h"

#include <QString>

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cachet {

/// An expression together with what was typed, for sentences about it.
template <typename Expression>
struct Typed {
    Expression expression;
    QString text;
};

/// What the command line asks for.
struct CommandLine {
    bool help = false;
    bool version = false;
    bool readOnly = false;
    std::optional<Typed<PlaceExpression>> goTo;
    std::optional<Typed<RangeExpression>> select;
    cachecore::DocumentOptions document;
    std::optional<std::string> screenshot; ///< bytes
    std::vector<std::string> files;        ///< bytes
};

/// Reads the arguments (without the program's name), which are bytes and need not be text. The error is one line.
/// Needs no QCoreApplication.
[[nodiscard]] std::expected<CommandLine, QString> parseCommandLine(std::span<const std::string> arguments);

/// What --help prints.
[[nodiscard]] QString helpText();
/// What --version prints.
[[nodiscard]] QString versionText();

} // namespace cachet
