// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/dialogs/byte_pattern.h"
#include "ui/formats/byte_format.h"

#include <QDialog>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace cachet {

/// Asks which bytes go to a file and as what, and says how large it gets. Writes nothing itself. Window-modal: use open(); accepted()
/// means that range() holds.
class ExportDialog final : public QDialog {
    Q_OBJECT

public:
    enum Range { Selection, Whole, Expression };

    /// For a document of `size` bytes, at least one; `selection` may be empty.
    ExportDialog(cachecore::ByteRange selection, std::uint64_t size, ByteFormat format, QWidget *parent);

    /// The bytes chosen, or what is wrong with the choice.
    [[nodiscard]] Typing<cachecore::ByteRange> range() const;
    /// For the bytes of range().
    [[nodiscard]] EncodeOptions options() const;

private:
    void buildWidgets();
    [[nodiscard]] QLineEdit *makeField(const char *name, const QString &accessibleName);
    void rangeChosen();
    void refresh();

    const cachecore::ByteRange m_selection;
    const std::uint64_t m_size;
    QComboBox *m_range = nullptr;
    QLineEdit *m_expression = nullptr;
    QComboBox *m_format = nullptr;
    QLineEdit *m_name = nullptr;
    QLabel *m_example = nullptr;
    QLabel *m_sizes = nullptr;
    QLabel *m_problem = nullptr;
    QPushButton *m_export = nullptr;
};

} // namespace cachet
