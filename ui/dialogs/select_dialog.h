// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/dialogs/go_to_expression.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QPushButton;

namespace cachet {

/// Asks for a range by numbers, and says while it is typed which bytes that are, or what is wrong. Selects nothing itself. Window-modal: use
/// open(); accepted() means that range() holds.
class SelectDialog final : public QDialog {
    Q_OBJECT

public:
    /// Begins with the selection of `context`, or the byte at its caret.
    SelectDialog(const ExpressionContext &context, QWidget *parent);

    /// What was typed, or what is wrong with it.
    [[nodiscard]] Parsed<cachecore::ByteRange> range() const;

private:
    void buildWidgets();
    void refresh();

    const ExpressionContext m_context;
    QLineEdit *m_text = nullptr;
    QLabel *m_said = nullptr;
    QPushButton *m_select = nullptr;
};

} // namespace cachet
