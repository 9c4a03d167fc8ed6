// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/hexview/pixel_spans.h"

#include <QtTest>

#include <numeric>
#include <random>

using namespace cachet;

class TestPixelSpans : public QObject {
    Q_OBJECT

private slots:
    void cutsSpansToWhatShows();
    void copiesAndFillsEveryWidthWithoutTouchingItsNeighbours();
    void paintsAsPixelByPixelUnderRandomSpans();
};

void TestPixelSpans::cutsSpansToWhatShows()
{
    const std::vector<quint32> cell{1, 2, 3, 4};
    SpanRow row;
    row.begin(10, 5); // shows [10, 15)
    row.fill(0, 10, 7);
    QVERIFY(row.spans().empty());
    QVERIFY(!row.shows(6, 4));
    QVERIFY(row.shows(6, 5));
    row.copy(8, 4, cell.data(), 4);
    row.fill(12, 12, 7);
    row.fill(12, 14, 7);
    row.copy(14, 4, cell.data(), 4);
    QVERIFY(!row.shows(15, 4));
    row.copy(15, 4, cell.data(), 4);
    QCOMPARE(row.spans().size(), std::size_t{3});
    std::vector<quint32> line(5, 0);
    paintSpans(row.spans(), line.data(), 5, 1);
    QCOMPARE(line, (std::vector<quint32>{3, 4, 7, 7, 1}));
    row.begin(0, 5);
    QVERIFY(row.spans().empty());
}

void TestPixelSpans::copiesAndFillsEveryWidthWithoutTouchingItsNeighbours()
{
    constexpr int stride = 80;
    std::vector<quint32> cell(3 * stride);
    std::iota(cell.begin(), cell.end(), 1000U);
    for (int width = 1; width < 70; ++width) {
        for (const bool copied : {true, false}) {
            SpanRow row;
            row.begin(0, stride);
            if (copied)
                row.copy(2, width, cell.data(), stride);
            else
                row.fill(2, 2 + width, 5);
            std::vector<quint32> out(3 * stride, 0);
            paintSpans(row.spans(), out.data(), stride, 3);
            for (int i = 0; i < 3 * stride; ++i) {
                const int x = i % stride;
                const bool inside = x >= 2 && x < 2 + width;
                const auto at = static_cast<std::size_t>(i);
                QCOMPARE(out[at], inside ? (copied ? cell[at - 2] : 5U) : 0U);
            }
        }
    }
}

void TestPixelSpans::paintsAsPixelByPixelUnderRandomSpans()
{
    const quint32 seed = std::random_device{}();
    qInfo("seed %u", seed);
    std::mt19937 random(seed);
    const auto upTo = [&random](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
    std::vector<quint32> cell(64 * 6);
    for (quint32 &pixel : cell)
        pixel = static_cast<quint32>(random());
    for (int round = 0; round < 500; ++round) {
        const int left = upTo(300);
        const int width = 1 + upTo(200);
        const int lines = 1 + upTo(5);
        std::vector<quint32> out(static_cast<std::size_t>(lines * width), 0);
        std::vector<quint32> expected = out;
        SpanRow row;
        row.begin(left, width);
        for (int x = 0; x < left + width;) {
            const int length = 1 + upTo(40);
            const auto color = static_cast<quint32>(random());
            const bool copied = upTo(1) == 0;
            if (copied)
                row.copy(x, length, cell.data(), 64);
            else
                row.fill(x, x + length, color);
            for (int line = 0; line < lines; ++line) {
                for (int at = std::max(x, left); at < std::min(x + length, left + width); ++at)
                    expected[static_cast<std::size_t>(line * width + at - left)]
                        = copied ? cell[static_cast<std::size_t>(line * 64 + at - x)] : color;
            }
            x += length + upTo(2);
        }
        paintSpans(row.spans(), out.data(), width, lines);
        QCOMPARE(out, expected);
    }
}

QTEST_APPLESS_MAIN(TestPixelSpans)
#include "tst_pixel_spans.moc"
