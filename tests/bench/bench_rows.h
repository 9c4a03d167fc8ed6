// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace cachet_test {

/// Hit rates, reads that were shared, and the wait of one look-up among threads that load.
void registerRateRows();
/// Look-ups by many threads.
void registerCrowdRows();
/// States and heat of 2^28 pages.
void registerPyramidRows();

} // namespace cachet_test
