// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTest>

namespace cachet_test {

/// Two rows for each of `acts`, which have names: its index, and whether allocations fail once or for good.
template <typename Acts>
void addActRows(const Acts &acts)
{
    QTest::addColumn<int>("act");
    QTest::addColumn<bool>("forGood");
    int index = 0;
    for (const auto &act : acts) {
        QTest::addRow("%s, once", act.name) << index << false;
        QTest::addRow("%s, for good", act.name) << index++ << true;
    }
}

} // namespace cachet_test
