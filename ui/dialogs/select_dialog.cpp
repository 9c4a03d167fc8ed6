// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/select_dialog.h"

#include "ui/session/error_text.h"

#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace cachet {

namespace {

constexpr int kWidth = 480;

} // namespace

SelectDialog::SelectDialog(const ExpressionContext &context, QWidget *parent)
    : QDialog(parent)
    , m_context(context)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setObjectName(QStringLiteral("selectDialog"));
    setWindowTitle(tr("Select a Range"));
    buildWidgets();
    const bool any = m_context.selection && !m_context.selection->empty();
    m_text->setText(any ? tr("%1..%2").arg(hexText(m_context.selection->begin().value()),
                                           hexText(m_context.selection->end().value()))
                        : tr("%1+1").arg(hexText(m_context.caret.value())));
    m_text->selectAll();
    m_text->setFocus();
    refresh();
}

Parsed<cachecore::ByteRange> SelectDialog::range() const
{
    const auto range = parseRange(m_text->text());
    return range ? resolveRange(*range, m_context) : std::unexpected(range.error());
}

void SelectDialog::buildWidgets()
{
    auto *layout = new QVBoxLayout(this);
    auto *form = new QFormLayout;
    m_text = new QLineEdit(this);
    m_text->setObjectName(QStringLiteral("selectRange"));
    m_text->setAccessibleName(tr("Range to select"));
    m_text->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_text->setPlaceholderText(tr("0x400..0x600, 0x400+512, end-512..end"));
    m_text->setToolTip(tr("BEGIN..END (END not included) or BEGIN+LENGTH: hex 0x400, decimal 1024, sizes 1MiB, sectors "
                          "lba:2, end, sel and sel.end, with + - * / and brackets"));
    form->addRow(tr("&Range:"), m_text);
    layout->addLayout(form);
    m_said = new QLabel(this);
    m_said->setObjectName(QStringLiteral("selectSaid"));
    m_said->setTextFormat(Qt::PlainText);
    m_said->setWordWrap(true);
    m_said->setMinimumHeight(2 * m_said->fontMetrics().lineSpacing()); // so that a sentence moves nothing
    m_said->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    layout->addWidget(m_said);
    layout->addStretch(1);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->setObjectName(QStringLiteral("selectButtons"));
    m_select = buttons->addButton(tr("&Select"), QDialogButtonBox::AcceptRole);
    m_select->setObjectName(QStringLiteral("selectSelect"));
    m_select->setDefault(true);
    layout->addWidget(buttons);
    setMinimumWidth(kWidth);
    connect(m_text, &QLineEdit::textChanged, this, &SelectDialog::refresh);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

void SelectDialog::refresh()
{
    const auto selected = range();
    const QString said = selected ? tr("%1, %2").arg(rangeText(*selected), sizeText(selected->length()))
                                  : expressionErrorText(selected.error(), m_text->text());
    m_said->setText(said);
    m_said->setAccessibleName(said);
    m_select->setEnabled(selected.has_value());
    m_select->setToolTip(selected ? tr("Select these bytes; the caret goes to their end") : said);
}

} // namespace cachet
