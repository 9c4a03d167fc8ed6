// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

namespace cachet {

/// What the cells of the heat map mean: swatches with words, in as many rows as the width needs.
class HeatMapLegend final : public QWidget {
    Q_OBJECT

public:
    explicit HeatMapLegend(QWidget *parent = nullptr);

    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    struct Place;
    [[nodiscard]] std::vector<Place> places(int width) const;
};

} // namespace cachet
