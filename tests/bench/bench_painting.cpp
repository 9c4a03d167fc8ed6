// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/pair_reporter.h"
#include "ui/hexview/hex_painter.h"

#include <QApplication>
#include <QPainter>
#include <QPalette>

#include <memory>
#include <random>

using namespace cachet;
using namespace cachet_test;

namespace {

constexpr std::uint64_t kDocumentRows = std::uint64_t{1} << 36;
constexpr std::uint64_t kTopRow = std::uint64_t{1} << 35;
constexpr int kRowsOfData = 4096; ///< random bytes enough for many pages of the screen
constexpr std::uint32_t kSeed = 20261122;

/// A picture of random bytes that can be painted at any row: the worst case, for every cell differs from its neighbours.
class Picture {
public:
    Picture(QSize size, int columns)
        : m_layout(m_font.cell(), kDocumentRows * static_cast<std::uint64_t>(columns), columns)
        , m_theme(Theme::of(QGuiApplication::palette()))
        , m_target(size, QImage::Format_RGB32)
        , m_rowsShown(m_layout.shownRows(size.height()))
    {
        std::mt19937 random(kSeed);
        m_data.resize(static_cast<std::size_t>(kRowsOfData) * static_cast<std::size_t>(columns));
        for (std::byte &byte : m_data)
            byte = static_cast<std::byte>(random() & 0xFF);
        m_scene.rows = &m_rows;
        m_scene.size = size;
        m_scene.corner = QStringLiteral("Offset");
        m_scene.cursor.caret = kTopRow * static_cast<std::uint64_t>(columns) + 3;
        showRow(0);
        paint();
    }

    /// Puts row `row` of the data at the top: what a peek at the document gives.
    void showRow(int row)
    {
        const int columns = m_layout.bytesPerRow();
        m_rows.reset((kTopRow + static_cast<std::uint64_t>(row)) * static_cast<std::uint64_t>(columns), columns,
                     m_rowsShown);
        const auto begin = m_data.begin() + static_cast<std::ptrdiff_t>(row) * columns;
        std::copy_n(begin, m_rows.bytes.size(), m_rows.bytes.begin());
        std::ranges::fill(m_rows.conditions, cachecore::ByteCondition::Loaded);
        std::ranges::fill(m_rows.states, RowState{.tone = PageTone::Cached});
    }
    int paint() { return m_painter.update(m_scene, m_layout, m_font, m_theme, 0, m_rowsShown); }
    void forget() { m_painter.forget(); }
    /// Copies the picture to where a window's pixels would be.
    void present()
    {
        QPainter painter(&m_target);
        m_painter.present(painter, m_target.rect());
    }
    [[nodiscard]] QImage &target() { return m_target; }
    [[nodiscard]] int rowsShown() const { return m_rowsShown; }
    [[nodiscard]] QColor base() const { return m_theme.base; }

private:
    HexFont m_font;
    HexLayout m_layout;
    Theme m_theme;
    HexPainter m_painter;
    HexSnapshot m_rows;
    HexScene m_scene;
    std::vector<std::byte> m_data;
    QImage m_target;
    int m_rowsShown;
};

void paintEverything(benchmark::State &state, Picture &picture, bool present)
{
    for (auto _ : state) {
        picture.forget();
        const int rows = picture.paint();
        if (rows != picture.rowsShown())
            state.SkipWithError("not every row was painted");
        if (present)
            picture.present();
    }
}

void fill(benchmark::State &state, Picture &picture)
{
    const QColor base = picture.base();
    for (auto _ : state) {
        picture.target().fill(base);
        benchmark::ClobberMemory();
    }
}

/// Moves by `step` rows for each picture, down and from the data's end up again, and paints what that brings into view.
void scroll(benchmark::State &state, Picture &picture, int step, bool present)
{
    int row = 0;
    int by = step;
    picture.showRow(row);
    picture.paint();
    for (auto _ : state) {
        if (row + by < 0 || row + by > kRowsOfData - picture.rowsShown())
            by = -by;
        row += by;
        picture.showRow(row);
        if (picture.paint() > step + 2) // and the caret's row, left and entered
            state.SkipWithError("rows were painted that only moved");
        if (present)
            picture.present();
    }
}

template <typename Function>
void add(const std::string &name, Function function)
{
    benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMicrosecond)->Repetitions(9)->MinTime(0.1);
}

void registerSize(const std::string &name, QSize size, int columns)
{
    const auto picture = std::make_shared<Picture>(size, columns);
    const auto everything = [picture](benchmark::State &state) { paintEverything(state, *picture, false); };
    const auto frame = [picture](benchmark::State &state) { paintEverything(state, *picture, true); };
    add("paint/" + name + "_full/ours", everything);
    add("paint/" + name + "_full/baseline", [picture](benchmark::State &state) { fill(state, *picture); });
    add("paint/" + name + "_one_row_scrolled/ours",
        [picture](benchmark::State &state) { scroll(state, *picture, 1, false); });
    add("paint/" + name + "_one_row_scrolled/baseline", everything);
    const int page = picture->rowsShown() - 1;
    add("paint/" + name + "_page_scrolled/ours",
        [picture, page](benchmark::State &state) { scroll(state, *picture, page, false); });
    add("paint/" + name + "_page_scrolled/baseline", everything);
    // The same with the copy to the window that every frame ends with.
    add("paint/" + name + "_full_and_copied_out/ours", frame);
    add("paint/" + name + "_full_and_copied_out/baseline",
        [picture](benchmark::State &state) { fill(state, *picture); });
    add("paint/" + name + "_one_row_scrolled_and_copied_out/ours",
        [picture](benchmark::State &state) { scroll(state, *picture, 1, true); });
    add("paint/" + name + "_one_row_scrolled_and_copied_out/baseline", frame);
}

} // namespace

int main(int argc, char **argv)
{
    const QApplication application(argc, argv);
    return runPairedBenchmarks(argc, argv, [] {
        registerSize("1920x1080_16_columns", {1920, 1080}, 16);
        registerSize("3840x2160_64_columns", {3840, 2160}, 64);
    });
}
