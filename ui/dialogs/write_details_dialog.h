// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

namespace cachet {

/// What became of each part of a write, one line each, to be read and copied.
class WriteDetailsDialog final : public QDialog {
    Q_OBJECT

public:
    WriteDetailsDialog(const QString &lines, QWidget *parent);
};

} // namespace cachet
