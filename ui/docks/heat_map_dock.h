// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDockWidget>

namespace cachet {

class DocumentSession;
class HeatMap;

/// The heat map and its legend in a dock.
class HeatMapDock final : public QDockWidget {
    Q_OBJECT

public:
    explicit HeatMapDock(QWidget *parent = nullptr);

    [[nodiscard]] HeatMap &map() const { return *m_map; }
    void setSession(DocumentSession *session);

private:
    HeatMap *m_map;
};

} // namespace cachet
