// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/command_line.h"

#include "ui/session/error_text.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QFile>

#include <bit>

namespace cachet {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::CommandLine", text);
}

// QCommandLineParser knows text only. Latin-1 gives every byte a character of its own and back, so that arguments
// pass through the parser without loss, whatever bytes they hold.
QString wrapped(const std::string &bytes)
{
    return QString::fromLatin1(bytes.data(), static_cast<qsizetype>(bytes.size()));
}

std::string bytesOf(const QString &text)
{
    return text.toLatin1().toStdString();
}

/// What a person typed: the bytes as the text they most likely are.
QString shown(const QString &text)
{
    return QFile::decodeName(text.toLatin1());
}

/// What is said on the command line is one line, whatever the arguments hold.
QString onOneLine(QString sentence)
{
    for (QChar &c : sentence) {
        if (c.category() == QChar::Other_Control)
            c = QChar::ReplacementCharacter;
    }
    return sentence;
}

/// The option as it was typed, with its dashes.
QString asTyped(const QStringList &arguments, const QString &option)
{
    for (const QString &argument : arguments) {
        for (const char *dashes : {"--", "-"}) {
            const QString typed = QLatin1String(dashes) + option;
            if (argument == typed || argument.startsWith(typed + u'='))
                return typed;
        }
    }
    return option;
}

void addOptions(QCommandLineParser &parser)
{
    parser.setApplicationDescription(
        tr("Hex viewer and editor for disk images and disks of any size. Edits are staged until they are committed."));
    parser.addOption({{QStringLiteral("h"), QStringLiteral("help")}, tr("Prints this help.")});
    parser.addOption({{QStringLiteral("v"), QStringLiteral("version")}, tr("Prints the version.")});
    parser.addOption({QStringLiteral("read-only"), tr("Opens for reading only; nothing can be edited.")});
    parser.addOption(
        {QStringLiteral("goto"),
         tr("Starts at EXPR: 0x1be, 446, 1MiB, lba:2048, end or end-512; not +N or -N, which count from the "
            "caret."),
         QStringLiteral("EXPR")});
    parser.addOption({QStringLiteral("select"),
                      tr("Selects RANGE: BEGIN..END (END is not part of it) or BEGIN+LENGTH, such as 0x400..0x410 or "
                         "0x400+16."),
                      QStringLiteral("RANGE")});
    parser.addOption({QStringLiteral("page-size"),
                      tr("Reads pages of N bytes, a power of two from 512 to 1MiB (64KiB when not given)."),
                      QStringLiteral("N")});
    parser.addOption(
        {QStringLiteral("cache-size"),
         tr("Keeps at most N bytes of pages, at least 1MiB and at least four pages (256MiB when not given)."),
         QStringLiteral("N")});
    parser.addOption(
        {QStringLiteral("screenshot"),
         tr("Saves a picture of the window to FILE once its pages have loaded, and ends. Needs no display. Replaces "
            "nothing but a PNG picture."),
         QStringLiteral("FILE")});
    parser.addPositionalArgument(
        QStringLiteral("FILE"),
        tr("Disk images, devices or URIs of network block devices (nbd://host/export); each gets a "
           "window of its own."),
        QStringLiteral("[FILE...]"));
}

std::optional<QString> readPageSize(const QString &value, CommandLine &line)
{
    const auto bytes = parseAmount(value);
    if (!bytes)
        return tr("--page-size: %1").arg(expressionErrorText(bytes.error(), value));
    if (!std::has_single_bit(*bytes) || *bytes < cachecore::kMinPageSize || *bytes > cachecore::kMaxPageSize)
        return tr("--page-size: \"%1\" is not a power of two from 512 bytes to 1 MiB.").arg(value);
    line.document.pageSize = static_cast<std::uint32_t>(*bytes);
    return std::nullopt;
}

std::optional<QString> readCacheSize(const QString &value, CommandLine &line)
{
    const auto bytes = parseAmount(value);
    if (!bytes)
        return tr("--cache-size: %1").arg(expressionErrorText(bytes.error(), value));
    line.document.cacheBytes = *bytes;
    return std::nullopt;
}

std::optional<QString> checkCacheSize(const CommandLine &line)
{
    const std::uint64_t least = cachecore::minimumCacheBytes(line.document.pageSize);
    if (line.document.cacheBytes >= least)
        return std::nullopt;
    return tr("--cache-size: %1 is too small; with pages of %2 the cache needs at least %3.")
        .arg(sizeText(line.document.cacheBytes), shortSizeText(line.document.pageSize), sizeText(least));
}

std::optional<QString> readPlace(const QString &value, CommandLine &line)
{
    const auto place = parsePlace(value);
    if (!place)
        return tr("--goto: %1").arg(expressionErrorText(place.error(), value));
    if (place->countsFromCaret())
        return tr("--goto: \"%1\" counts from the caret, which has no place yet at the start; write an offset without "
                  "the "
                  "sign, or end-N.")
            .arg(value.trimmed());
    line.goTo = {*place, value};
    return std::nullopt;
}

std::optional<QString> readRange(const QString &value, CommandLine &line)
{
    const auto range = parseRange(value);
    if (!range)
        return tr("--select: %1").arg(expressionErrorText(range.error(), value));
    line.select = {*range, value};
    return std::nullopt;
}

std::optional<QString> readValues(const QCommandLineParser &parser, CommandLine &line)
{
    struct Reader {
        const char *name;
        std::optional<QString> (*read)(const QString &value, CommandLine &line);
        QString takes;
    };
    const Reader readers[] = {{"page-size", readPageSize, tr("a number of bytes, such as 4096 or 64KiB")},
                              {"cache-size", readCacheSize, tr("a number of bytes, such as 64MiB")},
                              {"goto", readPlace, tr("a place, such as 0x1be, 446, 1MiB, lba:2048 or end-512")},
                              {"select", readRange, tr("a range, such as 0x400..0x410 or 0x400+16")}};
    for (const auto &[name, read, takes] : readers) {
        const QString option = QString::fromLatin1(name);
        if (!parser.isSet(option))
            continue;
        const QString value = shown(parser.value(option));
        if (value.trimmed().isEmpty())
            return tr("--%1: nothing is given; it takes %2.").arg(option, takes);
        if (const auto error = read(value, line))
            return error;
    }
    if (parser.isSet(QStringLiteral("screenshot"))) {
        line.screenshot = bytesOf(parser.value(QStringLiteral("screenshot")));
        if (line.screenshot->empty())
            return tr("--screenshot: the name of the picture is missing.");
        if (line.files.size() > 1)
            return tr("--screenshot takes one FILE, not %1.").arg(line.files.size());
    }
    return checkCacheSize(line);
}

} // namespace

std::expected<CommandLine, QString> parseCommandLine(std::span<const std::string> arguments)
{
    QStringList texts{QStringLiteral("cachet")};
    for (const std::string &argument : arguments)
        texts << wrapped(argument);
    QCommandLineParser parser;
    parser.setSingleDashWordOptionMode(
        QCommandLineParser::ParseAsLongOptions); // a word is one option, not one per letter
    addOptions(parser);
    if (!parser.parse(texts)) {
        const QStringList unknown = parser.unknownOptionNames();
        if (!unknown.isEmpty()) {
            const QString typed = shown(asTyped(texts, unknown.first()));
            return std::unexpected(onOneLine(tr("Unknown option \"%1\"; --help lists the options.").arg(typed)));
        }
        return std::unexpected(onOneLine(tr("%1 --help lists the options.").arg(shown(parser.errorText()))));
    }
    CommandLine line;
    line.help = parser.isSet(QStringLiteral("help"));
    line.version = parser.isSet(QStringLiteral("version"));
    line.readOnly = parser.isSet(QStringLiteral("read-only"));
    const QStringList files = parser.positionalArguments();
    for (const QString &file : files)
        line.files.push_back(bytesOf(file));
    if (const auto error = readValues(parser, line))
        return std::unexpected(onOneLine(*error));
    return line;
}

QString helpText()
{
    QCommandLineParser parser;
    addOptions(parser);
    // The parser writes the path of the running program, or a placeholder without an application object.
    QString text = parser.helpText();
    const qsizetype begin = text.indexOf(u' ') + 1;
    return text.replace(begin, text.indexOf(QStringLiteral(" [options]")) - begin, QStringLiteral("cachet"));
}

QString versionText()
{
    return QStringLiteral("Cachet %1\n").arg(QStringLiteral(CACHET_VERSION));
}

} // namespace cachet
