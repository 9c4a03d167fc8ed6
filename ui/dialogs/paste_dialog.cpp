// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/paste_dialog.h"

#include "ui/dialogs/byte_pattern.h"
#include "ui/dialogs/import_dialog.h"
#include "ui/formats/format_text.h"
#include "ui/session/error_text.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kWidth = 560;
constexpr std::size_t kPreviewBytes = 16;
constexpr int kNoteLines = 3; ///< so that a sentence moves nothing

QLabel *makeLabel(const char *name, QWidget *parent)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    return label;
}

/// What a screen reader says of the label is its heading and its text.
void setRow(QLabel &label, const QString &heading, const QString &text)
{
    label.setText(text);
    label.setAccessibleName(heading + QLatin1Char(' ') + text);
}

} // namespace

PastePlan planPaste(std::uint64_t count, const PastePlace &place, PasteFit fit)
{
    const std::uint64_t selected = std::min(place.selection.length(), place.room());
    if (fit.fill && count > 0 && count < selected)
        return {cachecore::ByteRange(place.at(), place.at() + selected), true};
    return {planImport(count, place.selection, place.caret, place.size, fit.cut).over, false};
}

bool fitsExactly(std::uint64_t count, const PastePlace &place)
{
    return count > 0 && count <= place.room() && (place.selection.empty() || place.selection.length() == count);
}

PasteDialog::PasteDialog(std::optional<TextFormat> format, const PastePlace &place, QWidget *parent)
    : QDialog(parent)
    , m_place(place)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setObjectName(QStringLiteral("pasteDialog"));
    setWindowTitle(tr("Paste Over"));
    buildWidgets(format);
    // Into a selection goes what it holds; past the end nothing goes unless asked for.
    m_cut->setChecked(!m_place.selection.empty());
    m_fill->setChecked(true);
    refresh();
    if (format)
        m_format->setFocus();
    else
        m_stage->setFocus();
}

void PasteDialog::buildWidgets(std::optional<TextFormat> format)
{
    auto *layout = new QVBoxLayout(this);
    auto *form = new QFormLayout;
    m_format = new QComboBox(this);
    m_format->setObjectName(QStringLiteral("pasteFormat"));
    m_format->setAccessibleName(tr("Read the text as"));
    for (const TextFormat choice : kTextFormats) {
        if (format)
            m_format->addItem(formatName(choice), static_cast<int>(choice));
    }
    if (format)
        m_format->setCurrentIndex(m_format->findData(static_cast<int>(*format)));
    else
        m_format->addItem(tr("Bytes as they are"));
    m_format->setEnabled(format.has_value());
    m_holds = makeLabel("pasteHolds", this);
    m_preview = makeLabel("pastePreview", this);
    m_preview->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_over = makeLabel("pasteOver", this);
    m_over->setWordWrap(true);
    form->addRow(tr("&Read as:"), m_format);
    form->addRow(tr("Begins:"), m_preview);
    form->addRow(tr("Holds:"), m_holds);
    form->addRow(tr("Replaces:"), m_over);
    layout->addLayout(form);
    m_note = makeLabel("pasteNote", this);
    m_note->setWordWrap(true);
    m_note->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_note->setMinimumHeight(kNoteLines * m_note->fontMetrics().lineSpacing());
    layout->addWidget(m_note);
    m_cut = new QCheckBox(this);
    m_cut->setObjectName(QStringLiteral("pasteCut"));
    m_fill = new QCheckBox(this);
    m_fill->setObjectName(QStringLiteral("pasteFill"));
    m_fill->setText(tr("Re&peat the bytes until the selection is full"));
    layout->addWidget(m_cut);
    layout->addWidget(m_fill);
    layout->addStretch(1);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->setObjectName(QStringLiteral("pasteButtons"));
    m_stage = buttons->addButton(tr("&Stage"), QDialogButtonBox::AcceptRole);
    m_stage->setObjectName(QStringLiteral("pasteStage"));
    m_stage->setDefault(true);
    layout->addWidget(buttons);
    const std::vector<std::byte> widest(kPreviewBytes, std::byte{'W'});
    m_preview->setMinimumWidth(m_preview->fontMetrics().horizontalAdvance(previewText(widest, true)));
    setMinimumWidth(std::max(kWidth, layout->totalMinimumSize().width()));
    connect(m_format, &QComboBox::currentIndexChanged, this, [this] {
        m_conversion.reset();
        refresh();
        if (const auto chosen = this->format())
            emit formatChanged(*chosen);
    });
    connect(m_cut, &QCheckBox::toggled, this, &PasteDialog::refresh);
    connect(m_fill, &QCheckBox::toggled, this, &PasteDialog::refresh);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

std::optional<TextFormat> PasteDialog::format() const
{
    const QVariant chosen = m_format->currentData();
    return chosen.isValid() ? std::optional(static_cast<TextFormat>(chosen.toInt())) : std::nullopt;
}

PastePlan PasteDialog::plan() const
{
    if (!m_conversion || m_conversion->error || m_conversion->stopped || m_conversion->outOfMemory)
        return {cachecore::ByteRange(m_place.at(), m_place.at()), false};
    return planPaste(m_conversion->total, m_place, {m_cut->isChecked(), m_fill->isChecked()});
}

void PasteDialog::setConversion(std::shared_ptr<const TextConversion> conversion)
{
    m_conversion = std::move(conversion);
    refresh();
}

QString PasteDialog::whyNot(const PastePlan &now) const
{
    if (!m_conversion)
        return tr("Reading the text…");
    if (m_conversion->outOfMemory)
        return tr("There is not enough memory for these bytes. Close something else, or import them from a file.");
    if (m_conversion->stopped)
        return tr("Reading the text was cancelled. Choose how to read it to begin again.");
    if (m_conversion->error)
        return textErrorText(*m_conversion->error);
    if (m_place.room() == 0)
        return tr("There is no byte to replace here.");
    if (now.over.empty())
        return tr("These bytes are more than what is left here: they would run %1 past the end of the document, whose "
                  "size is fixed.")
            .arg(sizeText(m_conversion->total - m_place.room()));
    return {};
}

void PasteDialog::refreshChoices()
{
    const bool known = m_conversion && !m_conversion->error && !m_conversion->outOfMemory && !m_conversion->stopped
        && m_place.room() > 0;
    const std::uint64_t total = known ? m_conversion->total : 0;
    const std::uint64_t selected = std::min(m_place.selection.length(), m_place.room());
    const std::uint64_t most = m_place.selection.empty() ? m_place.room() : selected;
    m_cut->setVisible(total > most);
    m_cut->setText(m_place.selection.empty()
                       ? tr("&Paste only the first %1, which fit").arg(sizeText(most))
                       : tr("&Paste only the first %1, which fit the selection").arg(sizeText(most)));
    m_fill->setVisible(total > 0 && total < selected);
}

void PasteDialog::refresh()
{
    if (!m_stage)
        return;
    const PastePlan now = plan();
    const QString problem = whyNot(now);
    const bool read = m_conversion && !m_conversion->outOfMemory && !m_conversion->stopped;
    const std::uint64_t total = read ? m_conversion->total : 0;
    const auto shown = std::min<std::size_t>(read ? m_conversion->bytes.size() : 0, kPreviewBytes);
    setRow(*m_preview, tr("Begins:"),
           shown == 0 ? tr("no bytes") : previewText(std::span(m_conversion->bytes).first(shown), total > shown));
    setRow(*m_holds, tr("Holds:"),
           read && m_conversion->error ? tr("%1 before what cannot be read").arg(sizeText(total)) : sizeText(total));
    setRow(*m_over, tr("Replaces:"),
           now.over.empty() ? tr("nothing") : tr("%1, %2").arg(rangeText(now.over), sizeText(now.over.length())));
    QString note;
    const std::uint64_t selected = m_place.selection.length();
    if (selected > 0 && now.over.length() > selected)
        note = tr("The bytes are more than the selection holds, so %1 after it are replaced as well.")
                   .arg(sizeText(now.over.length() - selected));
    else if (selected > 0 && !now.over.empty() && now.over.length() < selected)
        note = tr("The last %1 of the selection stay as they are.").arg(sizeText(selected - now.over.length()));
    else if (now.repeated && now.over.length() % total != 0)
        note = tr("The last repetition is cut at the end of the selection.");
    m_note->setText(problem.isEmpty() ? note : problem);
    refreshChoices();
    m_stage->setEnabled(problem.isEmpty());
    m_stage->setToolTip(problem.isEmpty() ? tr("Stage the bytes; nothing is written before you commit") : problem);
}

} // namespace cachet
