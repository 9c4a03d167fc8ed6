// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/hex_view_fixture.h"

#include <QEvent>
#include <QtTest>

#include <algorithm>

namespace cachet_test {

using cachecore::ByteCondition;
using cachecore::ByteOffset;
using cachecore::ByteRange;
using cachecore::ErrorCode;
using cachecore::Operation;
using cachet::Pane;

int patternByte(std::uint64_t at)
{
    return static_cast<int>((at * 0x9E3779B97F4A7C15ULL) >> 56);
}

std::vector<std::byte> memory(std::uint64_t size)
{
    std::vector<std::byte> bytes(size);
    for (std::uint64_t at = 0; at < size; ++at)
        bytes[at] = static_cast<std::byte>(patternByte(at));
    return bytes;
}

std::vector<std::byte> bytesOf(std::initializer_list<int> values)
{
    std::vector<std::byte> bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

std::vector<std::byte> everyByte()
{
    std::vector<std::byte> bytes(1024);
    for (std::size_t at = 0; at < bytes.size(); ++at)
        bytes[at] = static_cast<std::byte>(at & 0xFF);
    return bytes;
}

int inkIn(const QImage &image, QRect area)
{
    const QRgb paper = image.pixel(0, 0);
    int ink = 0;
    for (int y = area.top(); y <= area.bottom(); ++y) {
        for (int x = area.left(); x <= area.right(); ++x)
            ink += image.pixel(x, y) != paper ? 1 : 0;
    }
    return ink;
}

cachecore::Result<std::uint64_t> PatternSource::readAt(ByteOffset at, std::span<const std::span<std::byte>> into)
{
    std::uint64_t done = 0;
    for (const std::span<std::byte> buffer : into) {
        for (std::byte &byte : buffer) {
            if (at.value() + done >= m_size)
                return done;
            byte = static_cast<std::byte>(patternByte(at.value() + done));
            ++done;
        }
    }
    return done;
}

cachecore::Result<void> PatternSource::writev(ByteOffset, std::span<const std::span<const std::byte>>)
{
    return cachecore::failure(ErrorCode::ReadOnly, Operation::Write);
}

cachecore::Result<ByteRange> PatternSource::nextData(ByteOffset from)
{
    const ByteOffset end(m_size);
    return ByteRange(std::min(from, end), end);
}

cachecore::Error PatternSource::readOnlyReason() const
{
    return cachecore::Error::of(ErrorCode::ReadOnly, Operation::Open);
}

PaintCounter::PaintCounter(QWidget *widget)
{
    m_last.start();
    widget->installEventFilter(this);
}

bool PaintCounter::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::Paint) {
        ++m_count;
        m_last.restart();
    }
    return QObject::eventFilter(watched, event);
}

Fixture::Fixture(std::vector<std::byte> bytes)
    : Fixture(std::move(bytes), cachecore::MemorySource::Access::ReadWrite)
{
}

Fixture::Fixture(std::vector<std::byte> bytes, cachecore::MemorySource::Access access)
    : Fixture(std::make_shared<cachecore::MemorySource>(std::move(bytes), access))
{
}

Fixture::Fixture(std::shared_ptr<cachecore::BlockSource> inner, std::shared_ptr<cachecore::Executor> executor,
                 std::shared_ptr<Gate> readGate)
    : gate(std::move(readGate))
    , source(std::make_shared<FaultSource>(std::move(inner)))
    , loads(std::make_shared<ManualExecutor>())
{
    if (gate)
        source->setGate(SourceOp::Read, gate);
    const std::shared_ptr<cachecore::Executor> runs = executor ? executor : loads;
    cachecore::DocumentOptions options;
    options.pageSize = 512;
    document = cachecore::Document::create(source, options, {runs, runs}, cachecore::systemEnv()).value();
    session = std::make_unique<cachet::DocumentSession>(document);
    box.addWidget(&before);
    box.addWidget(&view);
    window.resize(760, 760);
    view.setSession(session.get());
    window.show();
    window.activateWindow();
    view.setFocus();
    if (!QTest::qWaitForWindowActive(&window))
        qFatal("the window does not become active");
}

Fixture::~Fixture()
{
    if (gate)
        gate->open();
    view.setSession(nullptr);
    session.reset();
    document->close(std::chrono::seconds(10));
    loads->shutDown(); // tasks that never ran hold the loader, and the loader this executor
}

void Fixture::type(const char *text)
{
    QTest::keyClicks(&view, QString::fromLatin1(text));
}

void Fixture::press(Qt::Key key, Qt::KeyboardModifiers modifiers)
{
    QTest::keyClick(&view, key, modifiers);
}

std::vector<std::byte> Fixture::staged(std::uint64_t at, std::size_t count) const
{
    std::vector<std::byte> bytes(count);
    std::vector<ByteCondition> conditions(count, ByteCondition::NotLoaded);
    document->peek(ByteOffset(at), bytes, conditions);
    const bool all
        = std::ranges::all_of(conditions, [](ByteCondition condition) { return condition == ByteCondition::Staged; });
    return all ? bytes : std::vector<std::byte>{};
}

std::vector<std::byte> Fixture::peek(std::uint64_t at, std::size_t count) const
{
    std::vector<std::byte> bytes(count);
    std::vector<ByteCondition> conditions(count, ByteCondition::NotLoaded);
    document->peek(ByteOffset(at), bytes, conditions);
    const bool all = std::ranges::all_of(conditions, [](ByteCondition condition) {
        return condition == ByteCondition::Staged || condition == ByteCondition::Loaded;
    });
    return all ? bytes : std::vector<std::byte>{};
}

cachet::HexLayout Fixture::layout() const
{
    return {cachet::HexFont().cell(), document->size()};
}

int Fixture::wholeRows() const
{
    return layout().wholeRows(view.viewport()->height());
}

QPoint Fixture::hexCell(int row, int column) const
{
    return layout().byteRect(Pane::Hex, row, column).topLeft() + QPoint(1, 2);
}

QPoint Fixture::textCell(int row, int column) const
{
    return layout().byteRect(Pane::Text, row, column).center();
}

QImage Fixture::rowPicture(int row)
{
    const QRect band = layout().bandRect(row);
    return view.viewport()->grab(QRect(0, band.top(), layout().contentWidth(), band.height())).toImage();
}

QImage Fixture::bytesPicture(int row)
{
    const int left = layout().offsetRight();
    return rowPicture(row).copy(left, 0, layout().contentWidth() - left, layout().cell().rowHeight);
}

QImage Fixture::cellPicture(Pane pane, int row, int column)
{
    return view.viewport()->grab(layout().byteRect(pane, row, column)).toImage();
}

QImage Fixture::cutOf(const QImage &bytesPicture, Pane pane, int column) const
{
    return bytesPicture.copy(
        layout().byteRect(pane, 0, column).translated(-layout().offsetRight(), -layout().rowTop(0)));
}

} // namespace cachet_test
