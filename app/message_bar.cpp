// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/message_bar.h"

#include "ui/theme/theme.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <climits>

namespace cachet {

/// One sentence with its icon, its action and the button that closes it.
class MessageBar::Row final : public QWidget {
public:
    Row(const QString &key, QWidget *parent)
        : QWidget(parent)
        , m_icon(new QLabel(this))
        , m_text(new QLabel(this))
        , m_action(new QPushButton(this))
        , m_close(new QToolButton(this))
    {
        setObjectName(QStringLiteral("message-") + key);
        m_text->setObjectName(QStringLiteral("messageText-") + key);
        m_text->setWordWrap(true);
        m_text->setTextFormat(Qt::PlainText);
        m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
        m_text->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
        m_icon->setObjectName(QStringLiteral("messageIcon-") + key);
        m_action->setObjectName(QStringLiteral("messageAction-") + key);
        m_close->setObjectName(QStringLiteral("messageClose-") + key);
        m_close->setIcon(style()->standardIcon(QStyle::SP_TitleBarCloseButton));
        m_close->setAutoRaise(true);
        m_close->setToolTip(MessageBar::tr("Close this message"));
        m_close->setAccessibleName(m_close->toolTip());
        auto *layout = new QHBoxLayout(this);
        layout->setContentsMargins(10, 5, 6, 5);
        layout->setSpacing(8);
        layout->addWidget(m_icon, 0, Qt::AlignVCenter);
        layout->addWidget(m_text, 1);
        layout->addWidget(m_action, 0, Qt::AlignVCenter);
        layout->addWidget(m_close, 0, Qt::AlignVCenter);
    }

    [[nodiscard]] QToolButton *closeButton() const { return m_close; }
    [[nodiscard]] QString text() const { return m_text->text(); }
    [[nodiscard]] bool lasts() const { return m_closing == Closing::Never; }

    void fill(Severity severity, const QString &sentence, const Action &action, Closing closing)
    {
        m_severity = severity;
        m_closing = closing;
        m_close->setVisible(closing == Closing::ByUser);
        const QStyle::StandardPixmap pixmap = severity == Severity::Error ? QStyle::SP_MessageBoxCritical
            : severity == Severity::Warning                               ? QStyle::SP_MessageBoxWarning
                                                                          : QStyle::SP_MessageBoxInformation;
        const int side = style()->pixelMetric(QStyle::PM_SmallIconSize);
        m_icon->setPixmap(style()->standardIcon(pixmap).pixmap(side, side));
        m_icon->setAccessibleName(severity == Severity::Error         ? MessageBar::tr("Error")
                                      : severity == Severity::Warning ? MessageBar::tr("Warning")
                                                                      : MessageBar::tr("Information"));
        m_text->setText(sentence);
        m_text->setToolTip(sentence); // whole where the window is too narrow for it
        setAccessibleName(sentence);
        m_action->disconnect();
        m_action->setText(action.text);
        m_action->setVisible(static_cast<bool>(action.run));
        if (action.run)
            connect(m_action, &QPushButton::clicked, this, [run = action.run] { run(); });
        update();
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        const Theme theme = Theme::of(palette());
        const QColor mark = m_severity == Severity::Error ? theme.mark(PageTone::Failed) : theme.accent;
        QPainter painter(this);
        painter.fillRect(rect(), blended(palette().color(QPalette::Window), mark, 0.12));
        painter.fillRect(QRect(0, 0, 3, height()), mark);
        painter.fillRect(QRect(0, height() - 1, width(), 1), blended(palette().color(QPalette::Window), mark, 0.4));
    }

private:
    QLabel *m_icon;
    QLabel *m_text;
    QPushButton *m_action;
    QToolButton *m_close;
    Severity m_severity = Severity::Information;
    Closing m_closing = Closing::ByUser;
};

MessageBar::MessageBar(QWidget *parent)
    : QWidget(parent)
    , m_scroll(new QScrollArea(this))
{
    setObjectName(QStringLiteral("messageBar"));
    setAccessibleName(tr("Messages"));
    auto *rows = new QWidget;
    rows->setObjectName(QStringLiteral("messageRows"));
    m_layout = new QVBoxLayout(rows);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(0);
    m_scroll->setObjectName(QStringLiteral("messageScroll"));
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setWidgetResizable(true);
    m_scroll->setWidget(rows);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_scroll);
    hide();
}

MessageBar::~MessageBar() = default;

void MessageBar::show(const QString &key, Severity severity, const QString &sentence, const Action &action,
                      Closing closing)
{
    Row *row = m_rows.value(key);
    if (!row) {
        row = new Row(key, this);
        m_rows.insert(key, row);
        connect(row->closeButton(), &QToolButton::clicked, this, [this, row] {
            row->hide();
            refreshVisibility();
        });
    } else if (row->isVisibleTo(this) && row->text() == sentence) {
        return;
    } else {
        m_layout->removeWidget(row);
    }
    row->fill(severity, sentence, action, closing);
    m_layout->insertWidget(closing == Closing::Never ? 0 : lastingRows(), row);
    row->show();
    refreshVisibility();
    m_scroll->verticalScrollBar()->setValue(0); // the newest is on top, and seen
}

int MessageBar::lastingRows() const
{
    return static_cast<int>(
        std::ranges::count_if(m_rows, [this](const Row *row) { return row->lasts() && m_layout->indexOf(row) >= 0; }));
}

void MessageBar::dismiss(const QString &key)
{
    if (Row *row = m_rows.take(key)) {
        row->hide();
        row->deleteLater();
        refreshVisibility();
    }
}

void MessageBar::clear()
{
    const QStringList keys = m_rows.keys();
    for (const QString &key : keys)
        dismiss(key);
}

QString MessageBar::sentence(const QString &key) const
{
    const Row *row = m_rows.value(key);
    return row && row->isVisibleTo(this) ? row->text() : QString();
}

void MessageBar::refreshVisibility()
{
    bool any = false;
    for (const Row *row : std::as_const(m_rows))
        any |= row->isVisibleTo(this);
    setVisible(any);
    if (QWidget *parent = parentWidget())
        parent->installEventFilter(this);
    fit();
}

bool MessageBar::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::Resize && watched == parentWidget())
        fit();
    return QWidget::eventFilter(watched, event);
}

void MessageBar::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fit();
}

void MessageBar::fit()
{
    constexpr double kMostOfTheParent = 0.4;
    if (isHidden())
        return;
    m_layout->invalidate();
    const auto needed = [this](int width) {
        return m_layout->hasHeightForWidth() ? m_layout->totalHeightForWidth(width)
                                             : m_layout->totalSizeHint().height();
    };
    const int least = 3 * fontMetrics().height();
    const int most
        = parentWidget() ? std::max(least, static_cast<int>(parentWidget()->height() * kMostOfTheParent)) : INT_MAX;
    const int all = needed(width());
    const int beside = all > most ? m_scroll->verticalScrollBar()->sizeHint().width() : 0;
    // By itself the scroll area goes by the height the rows had at their last width.
    m_scroll->widget()->setFixedHeight(needed(width() - beside));
    setFixedHeight(std::min(all, most));
    // The layout alone leaves it without height where one message comes after another within one event.
    m_scroll->setGeometry(rect());
}

} // namespace cachet
