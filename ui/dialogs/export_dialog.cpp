// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/export_dialog.h"

#include "ui/dialogs/go_to_expression.h"
#include "ui/formats/format_text.h"
#include "ui/session/error_text.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace cachet {

namespace {

constexpr int kWidth = 560;
constexpr int kProblemLines = 2; ///< so that a sentence moves nothing

QLabel *makeLabel(const char *name, QWidget *parent)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    return label;
}

QString expressionOf(cachecore::ByteRange range)
{
    return QStringLiteral("%1..%2").arg(hexText(range.begin().value()), hexText(range.end().value()));
}

bool hasName(ByteFormat format)
{
    return format == ByteFormat::CArray || format == ByteFormat::RustArray || format == ByteFormat::PythonBytes;
}

} // namespace

ExportDialog::ExportDialog(cachecore::ByteRange selection, std::uint64_t size, ByteFormat format, QWidget *parent)
    : QDialog(parent)
    , m_selection(selection)
    , m_size(size)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setObjectName(QStringLiteral("exportDialog"));
    setWindowTitle(tr("Export Range"));
    buildWidgets();
    m_format->setCurrentIndex(m_format->findData(static_cast<int>(format)));
    m_range->setCurrentIndex(m_range->findData(selection.empty() ? Whole : Selection));
    rangeChosen();
    m_range->setFocus();
}

QLineEdit *ExportDialog::makeField(const char *name, const QString &accessibleName)
{
    auto *field = new QLineEdit(this);
    field->setObjectName(QString::fromLatin1(name));
    field->setAccessibleName(accessibleName);
    field->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    return field;
}

void ExportDialog::buildWidgets()
{
    auto *layout = new QVBoxLayout(this);
    auto *form = new QFormLayout;
    m_range = new QComboBox(this);
    m_range->setObjectName(QStringLiteral("exportRange"));
    m_range->setAccessibleName(tr("Which bytes"));
    if (!m_selection.empty())
        m_range->addItem(tr("Selection"), Selection);
    m_range->addItem(tr("Whole document"), Whole);
    m_range->addItem(tr("Range"), Expression);
    m_expression = makeField("exportExpression", tr("Range: begin, two dots, end; or begin, plus, length"));
    m_expression->setToolTip(
        tr("BEGIN..END (END not included) or BEGIN+LENGTH: 0x400..0x800, 1MiB+64KiB, lba:2048+512, 0..end-512"));
    auto *which = new QHBoxLayout;
    which->addWidget(m_range);
    which->addWidget(m_expression, 1);
    auto *heading = new QLabel(tr("&Bytes:"), this); // a row of two fields makes no shortcut of its own
    heading->setObjectName(QStringLiteral("exportHeading"));
    heading->setBuddy(m_range);
    form->addRow(heading, which);
    m_format = new QComboBox(this);
    m_format->setObjectName(QStringLiteral("exportFormat"));
    m_format->setAccessibleName(tr("Format of the file"));
    for (const ByteFormat format : kByteFormats)
        m_format->addItem(formatName(format), static_cast<int>(format));
    form->addRow(tr("&As:"), m_format);
    m_name = makeField("exportName", tr("Name of the array"));
    m_name->setText(QString::fromStdString(EncodeOptions().name));
    form->addRow(tr("&Name:"), m_name);
    m_example = makeLabel("exportExample", this);
    form->addRow(tr("Looks like:"), m_example);
    m_sizes = makeLabel("exportSizes", this);
    form->addRow(tr("Writes:"), m_sizes);
    layout->addLayout(form);
    m_problem = makeLabel("exportProblem", this);
    m_problem->setMinimumHeight(kProblemLines * m_problem->fontMetrics().lineSpacing());
    layout->addWidget(m_problem);
    layout->addStretch(1);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->setObjectName(QStringLiteral("exportButtons"));
    m_export = buttons->addButton(tr("&Export…"), QDialogButtonBox::AcceptRole);
    m_export->setObjectName(QStringLiteral("exportStart"));
    m_export->setDefault(true);
    layout->addWidget(buttons);
    setMinimumWidth(std::max(kWidth, layout->totalMinimumSize().width()));
    connect(m_range, &QComboBox::currentIndexChanged, this, &ExportDialog::rangeChosen);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::refresh);
    connect(m_name, &QLineEdit::textChanged, this, &ExportDialog::refresh);
    connect(m_expression, &QLineEdit::textChanged, this, &ExportDialog::refresh);
    connect(m_expression, &QLineEdit::textEdited, this, [this] {
        const QSignalBlocker quiet(m_range); // what is being typed stays
        m_range->setCurrentIndex(m_range->findData(Expression));
        refresh();
    });
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

/// The field says in numbers what was chosen, to be changed from there.
void ExportDialog::rangeChosen()
{
    const int chosen = m_range->currentData().toInt();
    if (chosen == Selection)
        m_expression->setText(expressionOf(m_selection));
    else if (chosen == Whole)
        m_expression->setText(expressionOf(cachecore::ByteRange::whole(m_size)));
    else
        m_expression->setFocus();
    refresh();
}

Typing<cachecore::ByteRange> ExportDialog::range() const
{
    const QString text = m_expression->text();
    const auto parsed = parseRange(text);
    if (!parsed)
        return std::unexpected(expressionErrorText(parsed.error(), text));
    const auto range = resolveRange(*parsed, {.size = m_size, .selection = m_selection});
    if (!range)
        return std::unexpected(expressionErrorText(range.error(), text));
    return *range;
}

EncodeOptions ExportDialog::options() const
{
    EncodeOptions options;
    options.format = static_cast<ByteFormat>(m_format->currentData().toInt());
    options.name = m_name->text().toStdString();
    if (const auto bytes = range()) {
        options.begin = bytes->begin().value();
        options.length = bytes->length();
    }
    return options;
}

void ExportDialog::refresh()
{
    if (!m_export)
        return;
    const auto bytes = range();
    const EncodeOptions wanted = options();
    QString problem = bytes ? QString() : bytes.error();
    m_name->setEnabled(hasName(wanted.format));
    m_name->setToolTip(m_name->isEnabled() ? tr("The name of the array; Rust gets it in capitals")
                                           : tr("Only arrays have a name"));
    if (problem.isEmpty() && hasName(wanted.format) && !isArrayName(wanted.name))
        problem = tr("A name has letters, digits and underscores, and does not begin with a digit.");
    const std::uint64_t fileSize = encodedSize(wanted);
    if (problem.isEmpty() && fileSize > cachecore::kMaxSourceSize)
        problem = tr("The file would be larger than any file can be. Choose fewer bytes, or raw bytes.");
    m_example->setText(formatExample(wanted.format));
    m_example->setAccessibleName(tr("Looks like: %1").arg(m_example->text()));
    m_sizes->setText(
        problem.isEmpty()
            ? tr("%1, %2; the file gets %3").arg(rangeText(*bytes), sizeText(bytes->length()), shortSizeText(fileSize))
            : tr("nothing"));
    m_sizes->setAccessibleName(tr("Writes: %1").arg(m_sizes->text()));
    m_problem->setText(problem);
    m_export->setEnabled(problem.isEmpty());
    m_export->setToolTip(problem.isEmpty() ? tr("Choose the file, then write it") : problem);
}

} // namespace cachet
