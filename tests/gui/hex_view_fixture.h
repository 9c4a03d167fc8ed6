// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "cachecore/source/memory_source.h"
#include "tests/support/fault_source.h"
#include "tests/support/gate.h"
#include "tests/support/manual_executor.h"
#include "ui/hexview/hex_font.h"
#include "ui/hexview/hex_layout.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QElapsedTimer>
#include <QImage>
#include <QLineEdit>
#include <QVBoxLayout>
#include <QWidget>

#include <initializer_list>
#include <memory>
#include <vector>

namespace cachet_test {

/// The byte that test sources hold at `at`.
[[nodiscard]] int patternByte(std::uint64_t at);
/// `size` bytes of the pattern.
[[nodiscard]] std::vector<std::byte> memory(std::uint64_t size);
[[nodiscard]] std::vector<std::byte> bytesOf(std::initializer_list<int> values);
/// 1024 bytes: every value in order, four times.
[[nodiscard]] std::vector<std::byte> everyByte();
/// Pixels of `area` that differ from the image's corner.
[[nodiscard]] int inkIn(const QImage &image, QRect area);

/// A read-only source of any size that holds the pattern and no memory.
class PatternSource final : public cachecore::BlockSource {
public:
    explicit PatternSource(std::uint64_t size)
        : m_size(size)
    {
    }
    using BlockSource::readAt;
    cachecore::Result<std::uint64_t> readAt(cachecore::ByteOffset at,
                                            std::span<const std::span<std::byte>> into) override;
    cachecore::Result<void> writev(cachecore::ByteOffset at, std::span<const std::span<const std::byte>> from) override;
    cachecore::Result<void> sync() override { return {}; }
    cachecore::Result<std::uint64_t> size() override { return m_size; }
    cachecore::Result<cachecore::SourceFingerprint> fingerprint() override
    {
        return cachecore::SourceFingerprint{.size = m_size};
    }
    cachecore::Result<void> checkStillNamed() override { return {}; }
    cachecore::Result<cachecore::ByteRange> nextData(cachecore::ByteOffset from) override;
    std::uint32_t blockSize() const override { return 512; }
    cachecore::SourceIdentity identity() const override { return {.kind = "pattern"}; }
    std::string path() const override { return {}; }
    bool writable() const override { return false; }
    cachecore::Error readOnlyReason() const override;

private:
    const std::uint64_t m_size;
};

/// Counts the paint events of a widget.
class PaintCounter final : public QObject {
public:
    explicit PaintCounter(QWidget *widget);
    [[nodiscard]] int count() const { return m_count; }
    /// True once a while has passed without a paint event.
    [[nodiscard]] bool quiet() const { return m_last.elapsed() > 100; }

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    int m_count = 0;
    QElapsedTimer m_last;
};

/// A shown, focused hex view over a document of 512-byte pages whose loads run when the test says so.
class Fixture {
public:
    explicit Fixture(std::vector<std::byte> bytes);
    Fixture(std::vector<std::byte> bytes, cachecore::MemorySource::Access access);
    explicit Fixture(std::shared_ptr<cachecore::BlockSource> inner, std::shared_ptr<cachecore::Executor> executor = {},
                     std::shared_ptr<Gate> readGate = {});
    ~Fixture();

    void type(const char *text);
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier);
    /// The bytes there when all of them are staged, else nothing.
    [[nodiscard]] std::vector<std::byte> staged(std::uint64_t at, std::size_t count) const;
    /// The bytes there when all of them are known, else nothing.
    [[nodiscard]] std::vector<std::byte> peek(std::uint64_t at, std::size_t count) const;

    [[nodiscard]] cachet::HexLayout layout() const;
    [[nodiscard]] int wholeRows() const;
    /// A pixel on the first digit, or on the character, of a byte on the screen.
    [[nodiscard]] QPoint hexCell(int row, int column) const;
    [[nodiscard]] QPoint textCell(int row, int column) const;
    /// What a row on the screen looks like: all of it, or the panes only.
    [[nodiscard]] QImage rowPicture(int row);
    [[nodiscard]] QImage bytesPicture(int row);
    [[nodiscard]] QImage cellPicture(cachet::Pane pane, int row, int column);
    /// A byte's cell cut out of a bytesPicture.
    [[nodiscard]] QImage cutOf(const QImage &bytesPicture, cachet::Pane pane, int column) const;

    std::shared_ptr<Gate> gate;
    std::shared_ptr<FaultSource> source;
    std::shared_ptr<ManualExecutor> loads;
    std::shared_ptr<cachecore::Document> document;
    std::unique_ptr<cachet::DocumentSession> session;
    QWidget window;
    QVBoxLayout box{&window};
    QLineEdit before; ///< where the focus goes on Shift+Tab
    cachet::HexView view;
};

} // namespace cachet_test
