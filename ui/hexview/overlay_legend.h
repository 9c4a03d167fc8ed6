// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

namespace cachet {

/// Explains what the hex view shows: a swatch and a name each for cached, loading, staged, failed and not loaded pages, and for
/// staged and unreadable bytes, and in a second group the colours of byte classes; the swatches are painted by the code that paints the view. Wraps where it is narrow.
/// Thread: GUI only.
class OverlayLegend final : public QWidget {
    Q_OBJECT

public:
    explicit OverlayLegend(QWidget *parent = nullptr);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;
    [[nodiscard]] bool hasHeightForWidth() const override { return true; }
    [[nodiscard]] int heightForWidth(int width) const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    struct Entry;

    [[nodiscard]] std::vector<Entry> entries() const;
    [[nodiscard]] int swatchWidth(const Entry &entry) const;
    [[nodiscard]] int entryWidth(const Entry &entry) const;
    [[nodiscard]] int lineHeight() const;
    /// Where each entry lies in `width` pixels.
    [[nodiscard]] std::vector<QRect> places(int width) const;
};

} // namespace cachet
