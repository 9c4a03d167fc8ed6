// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/format_text.h"

#include <QCoreApplication>

namespace cachet {

namespace {

using Kind = TextError::Kind;

QString tr(const char *text)
{
    return QCoreApplication::translate("cachet::FormatText", text);
}

/// What is wrong, without a full stop.
QString whatIsWrong(const TextError &error)
{
    switch (error.kind) {
    case Kind::WrongCharacter:
        return error.character < U' ' ? tr("a control character does not belong there")
                                      : tr("\"%1\" does not belong there").arg(QString::fromUcs4(&error.character, 1));
    case Kind::HalfByte:
        return tr("a byte has two hexadecimal digits, and one of them is missing");
    case Kind::MissingDigits:
        return tr("digits are missing after the prefix");
    case Kind::LineTooLong:
        return tr("the line is too long for one of a hex dump");
    case Kind::NoOffset:
        return tr("a line of a hex dump begins with an offset and a colon, or has its characters between bars");
    case Kind::OffsetJump:
        return tr("the line does not follow on the one before, which ended at 0x%1").arg(error.expected, 0, 16);
    case Kind::SqueezedLines:
        return tr("repeated lines were left out of the dump");
    case Kind::NumberTooLarge:
        return tr("the number does not fit a byte: it is 0 to 255, or -128 to -1");
    case Kind::AmbiguousNumber:
        return tr("a number with a leading zero is octal in C and decimal elsewhere");
    case Kind::NoList:
        return tr("there is no list of numbers in braces or brackets");
    case Kind::UnclosedList:
        return tr("the text ends before the list does");
    case Kind::SecondList:
        return tr("another list begins here");
    case Kind::WrongPadding:
        return tr("base64 cannot end like this");
    case Kind::LoneSurrogate:
        return tr("there is half of a character");
    case Kind::Empty:
        break;
    }
    return tr("the text holds no bytes");
}

/// What to do about it.
QString remedy(Kind kind)
{
    switch (kind) {
    case Kind::OffsetJump:
        return tr("Copy the dump with all of its lines.");
    case Kind::SqueezedLines:
        return tr("Make it again with all lines: hexdump -v, or xxd without -a.");
    case Kind::AmbiguousNumber:
        return tr("Write it in hexadecimal, as 0x08.");
    case Kind::UnclosedList:
    case Kind::WrongPadding:
        return tr("Copy the text again, whole.");
    case Kind::SecondList:
        return tr("Copy one list at a time.");
    default:
        return tr("Correct the text and copy it again, or read it as something else.");
    }
}

} // namespace

QString formatName(ByteFormat format)
{
    return formatMenuText(format).remove(u'&');
}

QString formatMenuText(ByteFormat format)
{
    switch (format) {
    case ByteFormat::Raw:
        return tr("&Raw bytes");
    case ByteFormat::HexText:
        return tr("&Hex text");
    case ByteFormat::HexDump:
        return tr("Hex &dump");
    case ByteFormat::CArray:
        return tr("&C array");
    case ByteFormat::RustArray:
        return tr("R&ust array");
    case ByteFormat::PythonBytes:
        return tr("&Python bytes");
    case ByteFormat::Base64:
        return tr("&Base64");
    case ByteFormat::PlainText:
        break;
    }
    return tr("Plain &text");
}

QString formatInSentence(ByteFormat format)
{
    switch (format) {
    case ByteFormat::Raw:
        return tr("raw bytes");
    case ByteFormat::HexText:
        return tr("hex text");
    case ByteFormat::HexDump:
        return tr("a hex dump");
    case ByteFormat::CArray:
        return tr("a C array");
    case ByteFormat::RustArray:
        return tr("a Rust array");
    case ByteFormat::PythonBytes:
        return tr("Python bytes");
    case ByteFormat::Base64:
        return tr("base64");
    case ByteFormat::PlainText:
        break;
    }
    return tr("plain text");
}

QString formatKey(ByteFormat format)
{
    switch (format) {
    case ByteFormat::Raw:
        return QStringLiteral("raw");
    case ByteFormat::HexText:
        return QStringLiteral("hexText");
    case ByteFormat::HexDump:
        return QStringLiteral("hexDump");
    case ByteFormat::CArray:
        return QStringLiteral("cArray");
    case ByteFormat::RustArray:
        return QStringLiteral("rustArray");
    case ByteFormat::PythonBytes:
        return QStringLiteral("pythonBytes");
    case ByteFormat::Base64:
        return QStringLiteral("base64");
    case ByteFormat::PlainText:
        break;
    }
    return QStringLiteral("plainText");
}

QString formatExample(ByteFormat format)
{
    switch (format) {
    case ByteFormat::Raw:
        return tr("The bytes themselves.");
    case ByteFormat::HexText:
        return tr("Two digits for each byte: 53 EF 01 00");
    case ByteFormat::HexDump:
        return tr("Offset, bytes and characters, as xxd prints them: 00000438: 53ef 0100  S...");
    case ByteFormat::CArray:
        return tr("For C and C++: const unsigned char data[2] = { 0x53, 0xef, };");
    case ByteFormat::RustArray:
        return tr("For Rust: pub static DATA: [u8; 2] = [ 0x53, 0xef, ];");
    case ByteFormat::PythonBytes:
        return tr("For Python: data = bytes([ 0x53, 0xef, ])");
    case ByteFormat::Base64:
        return tr("As MIME and base64 have it: U+8BAA==");
    case ByteFormat::PlainText:
        break;
    }
    return tr("Printable ASCII and white space as they are, a dot for every other byte.");
}

QString formatName(TextFormat format)
{
    switch (format) {
    case TextFormat::HexText:
        return tr("Hex text");
    case TextFormat::HexDump:
        return tr("Hex dump with offsets");
    case TextFormat::Array:
        return tr("Array of C, Rust or Python");
    case TextFormat::Base64:
        return tr("Base64");
    case TextFormat::Utf16Text:
        return tr("Plain text in UTF-16, little-endian");
    case TextFormat::Utf8Text:
        break;
    }
    return tr("Plain text in UTF-8");
}

QString textErrorText(const TextError &error)
{
    if (error.kind == Kind::Empty)
        return tr(
            "The text holds no bytes when it is read like this. Read it as something else, or copy the bytes first.");
    return tr("Line %1, column %2: %3. %4")
        .arg(error.line)
        .arg(error.column)
        .arg(whatIsWrong(error), remedy(error.kind));
}

} // namespace cachet
