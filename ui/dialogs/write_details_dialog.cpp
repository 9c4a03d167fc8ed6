// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/write_details_dialog.h"

#include <QDialogButtonBox>
#include <QLabel>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace cachet {

WriteDetailsDialog::WriteDetailsDialog(const QString &lines, QWidget *parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("writeDetails"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("What the Write Did"));
    auto *layout = new QVBoxLayout(this);
    auto *heading = new QLabel(tr("What became of each &part of the write:"), this);
    auto *text = new QPlainTextEdit(lines, this);
    text->setObjectName(QStringLiteral("writeDetailsText"));
    text->setAccessibleName(tr("What became of each part of the write"));
    text->setReadOnly(true);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text->setLineWrapMode(QPlainTextEdit::NoWrap);
    text->setTabChangesFocus(true);
    heading->setBuddy(text);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    layout->addWidget(heading);
    layout->addWidget(text, 1);
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    constexpr int kColumns = 60;
    constexpr int kRows = 12;
    text->setMinimumWidth(kColumns * text->fontMetrics().averageCharWidth());
    resize(sizeHint().width(),
           heading->sizeHint().height() + kRows * text->fontMetrics().lineSpacing() + 2 * buttons->sizeHint().height());
}

} // namespace cachet
