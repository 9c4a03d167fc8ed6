// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/heatmap/heat_map_geometry.h"

#include <QString>

#include <cstdint>
#include <vector>

namespace cachet {

/// What one cell of the heat map shows. Equal values look equal, so that only cells that differ are painted again.
struct CellLook {
    std::uint8_t ready = 0; ///< part of the pages that are cached, 0 none .. 4 all
    bool touched = false;   ///< some page was here once
    bool loading = false;
    bool staged = false;
    bool failed = false;

    friend bool operator==(const CellLook &, const CellLook &) = default;
};

/// The looks of all cells of `geometry`. O(cells * log).
[[nodiscard]] std::vector<CellLook> cellLooks(const cachecore::Document &document, const HeatMapGeometry &geometry);

/// What `cell` holds, in words: its bytes and how many pages are in which state.
[[nodiscard]] QString cellText(const cachecore::Document &document, const HeatMapGeometry &geometry, int cell);

} // namespace cachet
