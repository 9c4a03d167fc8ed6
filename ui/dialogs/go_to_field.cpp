// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/go_to_field.h"

#include "ui/session/error_text.h"

#include <QAbstractButton>
#include <QEvent>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>

#include <algorithm>

namespace cachet {

GoToField::GoToField(QWidget *parent)
    : QWidget(parent)
    , m_edit(new QLineEdit(this))
{
    setObjectName(QStringLiteral("goTo"));
    auto *label = new QLabel(tr("Go to:"), this);
    label->setObjectName(QStringLiteral("goToLabel"));
    label->setBuddy(m_edit);
    m_edit->setObjectName(QStringLiteral("goToField"));
    m_edit->setAccessibleName(tr("Go to offset"));
    m_edit->setPlaceholderText(tr("0x1be, 446, 1MiB, lba:2048, +16, end-512"));
    m_edit->setToolTip(
        tr("Where to go (Ctrl+G): hex 0x1be, decimal 446, sizes 1MiB, sectors lba:2048, +16 or -16 from the "
           "caret, end or end-512, sel where the selection begins; with + - * / and brackets"));
    m_edit->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_edit->setClearButtonEnabled(true);
    if (auto *clear = m_edit->findChild<QAbstractButton *>()) {
        clear->setObjectName(QStringLiteral("goToClear"));
        clear->setAccessibleName(tr("Clear the field"));
    }
    m_edit->setFixedWidth(std::max(m_edit->fontMetrics().horizontalAdvance(m_edit->placeholderText()) + 48, 240));
    m_edit->installEventFilter(this);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(6, 0, 6, 0);
    layout->addStretch(1);
    layout->addWidget(label);
    layout->addWidget(m_edit);
    setFocusProxy(m_edit);
    connect(m_edit, &QLineEdit::returnPressed, this, &GoToField::submit);
    connect(m_edit, &QLineEdit::textEdited, this, &GoToField::hideError);
}

void GoToField::focusAndSelect()
{
    m_edit->setFocus(Qt::ShortcutFocusReason);
    m_edit->selectAll();
}

QString GoToField::errorSentence() const
{
    return m_error && m_error->isVisibleTo(window()) ? m_error->accessibleName() : QString();
}

void GoToField::submit()
{
    const QString text = m_edit->text();
    const auto place = parsePlace(text);
    if (!place) {
        showError(place.error(), text);
        return;
    }
    const auto offset = resolvePlace(*place, m_context);
    if (!offset) {
        showError(offset.error(), text);
        return;
    }
    hideError();
    emit goToRequested(*offset);
    emit left();
}

void GoToField::showError(const ExpressionError &error, const QString &text)
{
    if (!m_error) {
        m_error = new QLabel(window());
        m_error->setObjectName(QStringLiteral("goToError"));
        m_error->setFrameStyle(QFrame::Panel | QFrame::Plain);
        m_error->setAutoFillBackground(true);
        m_error->setBackgroundRole(QPalette::ToolTipBase);
        m_error->setForegroundRole(QPalette::ToolTipText);
        m_error->setTextFormat(Qt::RichText);
        m_error->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
        m_error->setWordWrap(true);
        m_error->setMargin(6);
        connect(m_error, &QLabel::linkActivated, this, [this] {
            const auto offer = m_offer;
            hideError();
            if (offer)
                emit goToRequested(*offer);
            emit left();
        });
    }
    const QString sentence = expressionErrorText(error, text);
    m_offer = error.end;
    QString html = sentence.toHtmlEscaped();
    if (m_offer)
        html += QStringLiteral(" <a href=\"end\">%1</a>").arg(tr("Go to the end").toHtmlEscaped());
    m_error->setText(html);
    m_error->setAccessibleName(sentence);
    m_edit->setText(text);
    if (error.length > 0)
        m_edit->setSelection(static_cast<int>(error.position), static_cast<int>(error.length));
    else
        m_edit->setCursorPosition(static_cast<int>(std::min(error.position, text.size())));
    placeError();
    m_error->show();
    m_error->raise();
}

void GoToField::placeError()
{
    if (!m_error)
        return;
    const int width = std::min(std::max(m_edit->width(), 360), window()->width() - 8);
    const int height = m_error->heightForWidth(width);
    QPoint at = m_edit->mapTo(window(), QPoint(0, m_edit->height() + 2));
    at.setX(std::clamp(at.x(), 4, std::max(window()->width() - width - 4, 4)));
    m_error->setGeometry(QRect(at, QSize(width, height)));
}

void GoToField::hideError()
{
    m_offer.reset();
    if (m_error)
        m_error->hide();
}

bool GoToField::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_edit && event->type() == QEvent::KeyPress
        && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape) {
        hideError();
        emit left();
        return true;
    }
    if (watched == m_edit && event->type() == QEvent::FocusOut && (!m_error || !m_error->underMouse()))
        hideError();
    if (watched == m_edit && (event->type() == QEvent::Move || event->type() == QEvent::Resize))
        placeError();
    return QWidget::eventFilter(watched, event);
}

} // namespace cachet
