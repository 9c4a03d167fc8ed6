// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/tiny_font.h"

#include <QList>
#include <QtEndian>

#include <initializer_list>

namespace cachet_test {

namespace {

constexpr int kEm = 1000;
constexpr int kAdvance = 600;
constexpr int kAscent = 800;
constexpr int kDescent = -200;
constexpr int kGlyphs = 11; // the missing one and the digits

struct Table {
    QByteArray tag;
    QByteArray data;
};

QByteArray shorts(std::initializer_list<int> values)
{
    QByteArray bytes;
    for (const int value : values) {
        bytes.append(static_cast<char>(value >> 8));
        bytes.append(static_cast<char>(value));
    }
    return bytes;
}

QByteArray longs(std::initializer_list<quint32> values)
{
    QByteArray bytes;
    for (const quint32 value : values)
        bytes += shorts({static_cast<int>(value >> 16), static_cast<int>(value & 0xFFFF)});
    return bytes;
}

QByteArray padded(QByteArray bytes)
{
    bytes.append((4 - bytes.size() % 4) % 4, '\0');
    return bytes;
}

// A bar as high as the glyph's number says.
QByteArray glyph(int number)
{
    const int height = 100 + 60 * number;
    QByteArray bytes = shorts({1, 100, 0, 500, height, 3, 0});
    bytes.append(4, '\1'); // four points of the outline
    bytes += shorts({100, 0, 400, 0}) + shorts({0, height, 0, -height});
    return padded(bytes);
}

QByteArray names(const QByteArray &family)
{
    QByteArray text;
    for (const char character : family)
        text += shorts({character});
    const int length = static_cast<int>(text.size());
    return shorts({0, 2, 6 + 2 * 12}) + shorts({3, 1, 0x409, 1, length, 0}) + shorts({3, 1, 0x409, 4, length, 0})
        + text;
}

QByteArray os2()
{
    return shorts({4, kAdvance, 400, 5, 0, 300, 300, 0, 0, 300, 300, 0, 0, 50, 300, 0}) + QByteArray(10, '\0')
        + longs({1, 0, 0, 0}) + QByteArray("TEST")
        + shorts({0x40, 0x30, 0x39, kAscent, kDescent, 0, kAscent, -kDescent}) + longs({1, 0})
        + shorts({500, 700, 0, 0x20, 1});
}

QList<Table> tables(const QByteArray &family)
{
    QByteArray outlines;
    QByteArray places = longs({0});
    QByteArray metrics;
    for (int number = 0; number < kGlyphs; ++number) {
        outlines += glyph(number);
        places += longs({static_cast<quint32>(outlines.size())});
        metrics += shorts({kAdvance, 100});
    }
    const QByteArray characters = shorts({0, 1, 3, 1}) + longs({12})
        + shorts({4, 32, 0, 4, 4, 1, 0, '9', 0xFFFF, 0, '0', 0xFFFF, 1 - '0', 1, 0, 0});
    const QByteArray head = longs({0x00010000, 0x00010000, 0, 0x5F0F3CF5}) + shorts({0, kEm}) + longs({0, 0, 0, 0})
        + shorts({0, kDescent, kAdvance, kAscent, 0, 8, 2, 1, 0});
    const QByteArray hhea = longs({0x00010000})
        + shorts({kAscent, kDescent, 0, kAdvance, 100, 100, 500, 1, 0, 0, 0, 0, 0, 0, 0, kGlyphs});
    const QByteArray maxp = longs({0x00010000}) + shorts({kGlyphs, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0});
    const QByteArray post = longs({0x00030000, 0}) + shorts({-100, 50}) + longs({1, 0, 0, 0, 0});
    return {{"OS/2", os2()},   {"cmap", characters}, {"glyf", outlines}, {"head", head},          {"hhea", hhea},
            {"hmtx", metrics}, {"loca", places},     {"maxp", maxp},     {"name", names(family)}, {"post", post}};
}

} // namespace

QByteArray fontOfDigits(const QByteArray &family)
{
    const QList<Table> all = tables(family);
    const auto count = static_cast<int>(all.size());
    QByteArray directory = longs({0x00010000}) + shorts({count, 128, 3, count * 16 - 128});
    QByteArray bodies;
    for (const Table &table : all) {
        const auto at = static_cast<quint32>(12 + count * 16 + bodies.size());
        directory += table.tag + longs({0, at, static_cast<quint32>(table.data.size())});
        bodies += padded(table.data);
    }
    return directory + bodies;
}

} // namespace cachet_test
