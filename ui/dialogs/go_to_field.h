// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/dialogs/go_to_expression.h"

#include <QPointer>
#include <QWidget>

class QLabel;
class QLineEdit;

namespace cachet {

/// The field in the tool bar that takes a place to go to. What cannot be understood is said in a sentence right below the
/// field, with the place in the text marked; past the end it offers the end.
/// Thread: GUI.
class GoToField final : public QWidget {
    Q_OBJECT

public:
    explicit GoToField(QWidget *parent = nullptr);

    /// What signs and names refer to from now on.
    void setContext(const ExpressionContext &context) { m_context = context; }
    /// Takes the keyboard, with the text selected.
    void focusAndSelect();
    /// Says `error` about `text`, which becomes the field's text.
    void showError(const ExpressionError &error, const QString &text);
    [[nodiscard]] QString errorSentence() const;

signals:
    void goToRequested(cachecore::ByteOffset offset);
    /// Escape, or the place was found: the keyboard belongs to the view again.
    void left();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void submit();
    void hideError();
    void placeError();

    QLineEdit *m_edit;
    QPointer<QLabel> m_error; ///< a child of the window, over what lies below the field
    ExpressionContext m_context;
    std::optional<cachecore::ByteOffset> m_offer;
};

} // namespace cachet
