// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/docks/heat_map_dock.h"

#include "ui/heatmap/heat_map.h"
#include "ui/heatmap/heat_map_legend.h"

#include <QVBoxLayout>

namespace cachet {

HeatMapDock::HeatMapDock(QWidget *parent)
    : QDockWidget(tr("Heat Map"), parent)
    , m_map(new HeatMap)
{
    setObjectName(QStringLiteral("heatMapDock"));
    setAccessibleName(tr("Heat map dock"));
    auto *content = new QWidget;
    content->setObjectName(QStringLiteral("heatMapDockContent"));
    auto *layout = new QVBoxLayout(content);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->setSpacing(4);
    layout->addWidget(m_map, 1);
    layout->addWidget(new HeatMapLegend);
    setWidget(content);
}

void HeatMapDock::setSession(DocumentSession *session)
{
    m_map->setSession(session);
}

} // namespace cachet
