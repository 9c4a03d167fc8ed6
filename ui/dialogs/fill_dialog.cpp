// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/fill_dialog.h"

#include "ui/session/error_text.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRandomGenerator>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace cachet {

namespace {

constexpr std::size_t kPreviewBytes = 16;

QLabel *makeLabel(const char *name, const QString &text, QWidget *parent)
{
    auto *label = new QLabel(text, parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    return label;
}

/// The first bytes of `filling`.
std::vector<std::byte> beginOf(const Filling &filling, std::size_t count)
{
    std::vector<std::byte> bytes(count);
    if (const auto *generator = std::get_if<cachecore::Generator>(&filling)) {
        cachecore::generate(*generator, 0, bytes);
        return bytes;
    }
    const auto &pattern = std::get<std::vector<std::byte>>(filling);
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = pattern[i % pattern.size()];
    return bytes;
}

} // namespace

FillDialog::FillDialog(cachecore::ByteRange range, QWidget *parent)
    : QDialog(parent)
    , m_range(range)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setObjectName(QStringLiteral("fillDialog"));
    setWindowTitle(tr("Fill Selection"));
    buildWidgets();
    newSeed();
    refresh();
    m_hex->setFocus();
}

QLineEdit *FillDialog::makeField(const char *name, const QString &accessibleName, QWidget *parent)
{
    auto *field = new QLineEdit(parent);
    field->setObjectName(QString::fromLatin1(name));
    field->setAccessibleName(accessibleName);
    field->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    connect(field, &QLineEdit::textChanged, this, &FillDialog::refresh);
    return field;
}

void FillDialog::buildWidgets()
{
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(
        makeLabel("fillRange", tr("Fill %1, %2, with:").arg(rangeText(m_range), sizeText(m_range.length())), this));
    auto *form = new QFormLayout;
    m_kind = new QComboBox(this);
    m_kind->setObjectName(QStringLiteral("fillKind"));
    m_kind->setAccessibleName(tr("Kind of bytes"));
    m_kind->addItems({tr("Hex bytes, repeated"), tr("Text, repeated"), tr("Random bytes"), tr("A counter")});
    form->addRow(tr("&Kind:"), m_kind);
    m_pages = new QStackedWidget(this);
    m_pages->setObjectName(QStringLiteral("fillPages"));
    m_hex = makeField("fillHex", tr("Bytes in hexadecimal"), m_pages);
    m_hex->setPlaceholderText(tr("00, or DE AD BE EF"));
    m_text = makeField("fillText", tr("Text in UTF-8"), m_pages);
    m_text->setPlaceholderText(tr("any text; it is written in UTF-8"));
    m_pages->addWidget(m_hex);
    m_pages->addWidget(m_text);
    m_pages->addWidget(makeRandomPage());
    m_pages->addWidget(makeCounterPage());
    for (int page = 0; page < m_pages->count(); ++page)
        m_pages->widget(page)->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    auto *heading = new QLabel(this);
    heading->setObjectName(QStringLiteral("fillHeading"));
    form->addRow(heading, m_pages);
    m_preview = makeLabel("fillPreview", QString(), this);
    m_preview->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    form->addRow(tr("Begins:"), m_preview);
    layout->addLayout(form);
    m_problem = makeLabel("fillProblem", QString(), this);
    m_problem->setWordWrap(true);
    m_problem->setMinimumHeight(2 * m_problem->fontMetrics().height()); // so that a sentence moves nothing
    m_problem->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    layout->addWidget(m_problem);
    layout->addStretch(1);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->setObjectName(QStringLiteral("fillButtons"));
    m_stage = buttons->addButton(tr("&Stage"), QDialogButtonBox::AcceptRole);
    m_stage->setObjectName(QStringLiteral("fillStage"));
    m_stage->setDefault(true);
    layout->addWidget(buttons);
    const std::vector<std::byte> widest(kPreviewBytes, std::byte{'W'});
    m_preview->setMinimumWidth(m_preview->fontMetrics().horizontalAdvance(previewText(widest, true)));
    connect(m_kind, &QComboBox::currentIndexChanged, this, [this](int kind) {
        m_pages->setCurrentIndex(kind);
        refresh();
    });
    const auto head = [this, heading](int kind) {
        heading->setText(kind == Text ? tr("&Text:") : tr("&Bytes:"));
        const std::array fields{m_hex, m_text, m_seed, m_first};
        heading->setBuddy(fields.at(static_cast<std::size_t>(kind)));
    };
    head(m_kind->currentIndex());
    connect(m_kind, &QComboBox::currentIndexChanged, this, head);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

QWidget *FillDialog::makeRandomPage()
{
    auto *page = new QWidget(m_pages);
    page->setObjectName(QStringLiteral("fillRandomPage"));
    auto *row = new QHBoxLayout(page);
    row->setContentsMargins(0, 0, 0, 0);
    m_seed = makeField("fillSeed", tr("Seed"), page);
    m_seed->setToolTip(tr("The same seed makes the same bytes again"));
    auto *fresh = new QPushButton(tr("&New Seed"), page);
    fresh->setObjectName(QStringLiteral("fillNewSeed"));
    fresh->setAutoDefault(false);
    connect(fresh, &QPushButton::clicked, this, &FillDialog::newSeed);
    row->addWidget(makeLabel("fillSeedLabel", tr("from seed"), page));
    row->addWidget(m_seed, 1);
    row->addWidget(fresh);
    return page;
}

QWidget *FillDialog::makeCounterPage()
{
    auto *page = new QWidget(m_pages);
    page->setObjectName(QStringLiteral("fillCounterPage"));
    auto *row = new QHBoxLayout(page);
    row->setContentsMargins(0, 0, 0, 0);
    m_first = makeField("fillFirst", tr("First value"), page);
    m_first->setText(QStringLiteral("0"));
    m_step = makeField("fillStep", tr("Step"), page);
    m_step->setText(QStringLiteral("1"));
    m_width = new QComboBox(page);
    m_width->setObjectName(QStringLiteral("fillWidth"));
    m_width->setAccessibleName(tr("Width of a value"));
    m_width->setToolTip(tr("Values of more than one byte are little-endian"));
    for (const int bytes : {1, 2, 4, 8})
        m_width->addItem(bytes == 1 ? tr("1 byte") : tr("%1 bytes, little-endian").arg(bytes), bytes);
    connect(m_width, &QComboBox::currentIndexChanged, this, &FillDialog::refresh);
    row->addWidget(makeLabel("fillFirstLabel", tr("from"), page));
    row->addWidget(m_first, 1);
    row->addWidget(makeLabel("fillStepLabel", tr("by"), page));
    row->addWidget(m_step, 1);
    row->addWidget(m_width);
    return page;
}

void FillDialog::newSeed()
{
    m_seed->setText(hexText(QRandomGenerator::global()->generate64()));
}

Typing<Filling> FillDialog::counter() const
{
    const int width = m_width->currentData().toInt();
    const auto first = parseNumber(tr("The first value"), m_first->text(), UINT64_MAX >> (64 - 8 * width));
    if (!first)
        return std::unexpected(first.error());
    const auto step = parseStep(tr("The step"), m_step->text());
    if (!step)
        return std::unexpected(step.error());
    return cachecore::Generator{cachecore::Generator::Kind::Increment, static_cast<std::uint8_t>(width), *first, *step};
}

Typing<Filling> FillDialog::filling() const
{
    if (m_kind->currentIndex() == Counter)
        return counter();
    if (m_kind->currentIndex() == Random) {
        const auto seed = parseNumber(tr("The seed"), m_seed->text(), UINT64_MAX);
        if (!seed)
            return std::unexpected(seed.error());
        return cachecore::Generator{cachecore::Generator::Kind::Random, 1, *seed, 1};
    }
    auto bytes = m_kind->currentIndex() == Hex ? parseHexBytes(m_hex->text()) : parseTextBytes(m_text->text());
    if (!bytes)
        return std::unexpected(bytes.error());
    return std::move(*bytes);
}

void FillDialog::refresh()
{
    if (!m_stage)
        return;
    const auto what = filling();
    m_stage->setEnabled(what.has_value());
    m_stage->setToolTip(what ? tr("Stage the bytes; nothing is written before you commit") : what.error());
    m_problem->setText(what ? QString() : what.error());
    const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(m_range.length(), kPreviewBytes));
    m_preview->setText(what ? previewText(beginOf(*what, shown), m_range.length() > shown) : QString());
    m_preview->setAccessibleName(tr("Begins: %1").arg(m_preview->text()));
    if (!what)
        return;
    const auto *pattern = std::get_if<std::vector<std::byte>>(&*what);
    if (pattern && pattern->size() > m_range.length())
        m_problem->setText(tr("The selection takes only the first %1.").arg(sizeText(m_range.length())));
    else if (pattern && m_range.length() % pattern->size() != 0)
        m_problem->setText(tr("The last repetition is cut at the end of the selection."));
}

} // namespace cachet
