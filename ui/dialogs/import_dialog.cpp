// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/import_dialog.h"

#include "ui/dialogs/byte_pattern.h"
#include "ui/session/error_text.h"

#include <QCheckBox>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kWidth = 520;

QLabel *makeLabel(const char *name, QWidget *parent)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    return label;
}

/// What a screen reader says of the label is its heading and its text.
void setRow(QLabel &label, const QString &heading, const QString &text)
{
    label.setText(text);
    label.setAccessibleName(heading + QLatin1Char(' ') + text);
}

} // namespace

ImportPlan planImport(std::uint64_t fileBytes, cachecore::ByteRange selection, cachecore::ByteOffset caret,
                      std::uint64_t size, bool cut)
{
    ImportPlan plan;
    plan.wanted = fileBytes;
    const cachecore::ByteOffset at = selection.empty() ? caret : selection.begin();
    const std::uint64_t toEnd = at.value() < size ? size - at.value() : 0;
    const std::uint64_t room = selection.empty() ? toEnd : std::min(selection.length(), toEnd);
    plan.pastEnd = fileBytes > toEnd;
    if (fileBytes > room)
        plan.cut = room;
    const std::uint64_t length = cut ? std::min(fileBytes, room) : plan.pastEnd ? 0 : fileBytes;
    plan.over = cachecore::ByteRange(at, at + length);
    return plan;
}

ImportDialog::ImportDialog(ImportedFile file, Place place, QWidget *parent)
    : QDialog(parent)
    , m_file(std::move(file))
    , m_place(place)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setObjectName(QStringLiteral("importDialog"));
    setWindowTitle(tr("Import %1").arg(displayName(m_file.path)));
    buildWidgets();
    // A file longer than the selection is cut to it unless told otherwise; one past the end only on request.
    m_cut->setChecked(!m_place.selection.empty());
    refresh();
    m_stage->setFocus();
}

ImportPlan ImportDialog::plan() const
{
    return planImport(m_file.bytes->size(), m_place.selection, m_place.caret, m_place.size, m_cut->isChecked());
}

void ImportDialog::buildWidgets()
{
    auto *layout = new QVBoxLayout(this);
    auto *form = new QFormLayout;
    auto *path = makeLabel("importFile", this);
    setRow(*path, tr("File:"), tr("%1, %2").arg(displayPath(m_file.path), sizeText(m_file.bytes->size())));
    auto *head = makeLabel("importPreview", this);
    head->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    head->setWordWrap(false);
    setRow(*head, tr("Begins:"),
           m_file.head.empty() ? tr("no bytes") : previewText(m_file.head, m_file.bytes->size() > m_file.head.size()));
    m_over = makeLabel("importOver", this);
    form->addRow(tr("File:"), path);
    form->addRow(tr("Begins:"), head);
    form->addRow(tr("Replaces:"), m_over);
    layout->addLayout(form);
    m_note = makeLabel("importNote", this);
    layout->addWidget(m_note);
    m_cut = new QCheckBox(this);
    m_cut->setObjectName(QStringLiteral("importCut"));
    layout->addWidget(m_cut);
    layout->addStretch(1);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->setObjectName(QStringLiteral("importButtons"));
    m_stage = buttons->addButton(tr("&Stage"), QDialogButtonBox::AcceptRole);
    m_stage->setObjectName(QStringLiteral("importStage"));
    m_stage->setDefault(true);
    layout->addWidget(buttons);
    setMinimumWidth(std::max(kWidth, layout->totalMinimumSize().width())); // the bytes in one line
    connect(m_cut, &QCheckBox::toggled, this, &ImportDialog::refresh);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

void ImportDialog::refresh()
{
    const ImportPlan now = plan();
    QString note;
    QString whyNot;
    if (now.wanted == 0) {
        whyNot = tr("The file is empty, so there is nothing to import.");
    } else if (now.cut && *now.cut == 0) {
        whyNot = tr("There is no byte to replace here.");
    } else if (now.over.empty()) {
        whyNot = tr("The file is longer than what is left here: it would run %1 past the end of the document, whose "
                    "size is fixed.")
                     .arg(sizeText(now.wanted - (m_place.size - now.over.begin().value())));
    } else if (!m_place.selection.empty() && now.over.length() > m_place.selection.length()) {
        note = tr("The file is longer than the selection, so %1 after it are replaced as well.")
                   .arg(sizeText(now.over.length() - m_place.selection.length()));
    } else if (!m_place.selection.empty() && now.over.length() < m_place.selection.length()) {
        note = tr("The file is shorter than the selection: its last %1 stay as they are.")
                   .arg(sizeText(m_place.selection.length() - now.over.length()));
    }
    setRow(*m_over, tr("Replaces:"),
           now.over.empty() ? tr("nothing") : tr("%1, %2").arg(rangeText(now.over), sizeText(now.over.length())));
    m_note->setText(whyNot.isEmpty() ? note : whyNot);
    m_cut->setVisible(now.cut.has_value() && *now.cut > 0 && now.wanted > 0);
    if (now.cut)
        m_cut->setText(m_place.selection.empty()
                           ? tr("&Import only the first %1, which fit").arg(sizeText(*now.cut))
                           : tr("&Import only the first %1, which fit the selection").arg(sizeText(*now.cut)));
    m_stage->setEnabled(whyNot.isEmpty());
    m_stage->setToolTip(whyNot.isEmpty() ? tr("Stage the bytes; they are read when they are shown or written")
                                         : whyNot);
}

} // namespace cachet
