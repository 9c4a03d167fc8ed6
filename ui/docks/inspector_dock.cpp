// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/docks/inspector_dock.h"

#include "ui/inspector/character_value.h"
#include "ui/inspector/inspector_table.h"
#include "ui/models/inspector_model.h"
#include "ui/session/document_session.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QStackedLayout>
#include <QVBoxLayout>

namespace cachet {

namespace {

constexpr int kRoomForLabel = 250; ///< width at which the options show their label, pixels
constexpr int kLeastSetLetters = 3;

} // namespace

InspectorDock::InspectorDock(QWidget *parent)
    : QDockWidget(tr("Inspector"), parent)
    , m_model(new InspectorModel(this))
    , m_table(new InspectorTable(*m_model))
    , m_empty(new QLabel)
    , m_stack(new QStackedLayout)
{
    setObjectName(QStringLiteral("inspectorDock"));
    setAccessibleName(tr("Inspector dock"));
    m_empty->setObjectName(QStringLiteral("inspectorEmpty"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(m_table);

    auto *content = new QWidget;
    content->setObjectName(QStringLiteral("inspectorContent"));
    auto *layout = new QVBoxLayout(content);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->setSpacing(4);
    layout->addLayout(m_stack, 1);
    layout->addWidget(makeOptions());
    setWidget(content);

    connect(this, &QDockWidget::visibilityChanged, m_model, &InspectorModel::setShown);
    connect(m_table, &InspectorTable::left, this, &InspectorDock::left);
    m_model->setTheme(Theme::of(palette()));
    refreshState();
}

QWidget *InspectorDock::makeOptions()
{
    auto *options = new QWidget;
    options->setObjectName(QStringLiteral("inspectorOptions"));
    auto *layout = new QHBoxLayout(options);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    m_set = new QComboBox;
    m_set->setObjectName(QStringLiteral("inspectorCharacterSet"));
    m_set->setAccessibleName(tr("Encoding of the character"));
    m_set->setToolTip(tr("How the character at the caret is encoded."));
    m_set->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_set->setMinimumContentsLength(kLeastSetLetters);
    for (const CharacterSet &set : characterSets())
        m_set->addItem(set.title, set.name);
    m_setLabel = new QLabel(tr("Encoding:"));
    m_setLabel->setObjectName(QStringLiteral("inspectorCharacterSetLabel"));
    m_setLabel->setMinimumWidth(1); // it goes away rather than keep the dock wide
    m_hex = new QCheckBox(tr("Hex"));
    m_hex->setObjectName(QStringLiteral("inspectorHex"));
    m_hex->setAccessibleName(tr("Integers in hexadecimal"));
    m_hex->setToolTip(tr("Show integers in hexadecimal. Either form can be typed."));
    layout->addWidget(m_setLabel);
    layout->addWidget(m_set, 1);
    layout->addWidget(m_hex);
    connect(m_set, &QComboBox::currentIndexChanged, this, &InspectorDock::refreshFormat);
    connect(m_hex, &QCheckBox::toggled, this, &InspectorDock::refreshFormat);
    return options;
}

void InspectorDock::setSession(DocumentSession *session, std::shared_ptr<cachecore::Executor> loads)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_model->setSession(session, std::move(loads));
    if (session)
        connect(session, &DocumentSession::sizeChanged, this, &InspectorDock::refreshState);
    refreshState();
}

void InspectorDock::setCaret(cachecore::ByteOffset caret)
{
    m_model->setCaret(caret);
}

void InspectorDock::setEmptyText(const QString &text)
{
    m_emptyText = text;
    refreshState();
}

QByteArray InspectorDock::characterSet() const
{
    return m_model->format().characterSet;
}

void InspectorDock::setCharacterSet(const QByteArray &name)
{
    if (const int index = m_set->findData(name); index >= 0)
        m_set->setCurrentIndex(index);
}

bool InspectorDock::hexIntegers() const
{
    return m_model->format().hexIntegers;
}

void InspectorDock::setHexIntegers(bool hex)
{
    m_hex->setChecked(hex);
}

void InspectorDock::refreshFormat()
{
    m_model->setFormat({.characterSet = m_set->currentData().toByteArray(), .hexIntegers = m_hex->isChecked()});
    m_table->joinColumns();
}

void InspectorDock::refreshState()
{
    const bool any = m_session && m_session->document().size() > 0;
    m_stack->setCurrentWidget(any ? static_cast<QWidget *>(m_table) : m_empty);
    if (m_session)
        m_empty->setText(tr("The document has no bytes to read as values."));
    else
        m_empty->setText(m_emptyText.isEmpty()
                             ? tr("The bytes at the caret show here as numbers, times and characters.")
                             : m_emptyText);
}

void InspectorDock::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        m_model->setTheme(Theme::of(palette()));
    QDockWidget::changeEvent(event);
}

void InspectorDock::resizeEvent(QResizeEvent *event)
{
    m_setLabel->setVisible(width() >= kRoomForLabel);
    QDockWidget::resizeEvent(event);
}

} // namespace cachet
