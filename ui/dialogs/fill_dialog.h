// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/edit/piece.h"
#include "ui/dialogs/byte_pattern.h"

#include <QDialog>

#include <variant>
#include <vector>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QStackedWidget;

namespace cachet {

/// What to fill with: bytes to repeat, or a rule.
using Filling = std::variant<std::vector<std::byte>, cachecore::Generator>;

/// Asks what to fill a range with, and shows how the result begins while that is typed. Stages nothing itself. Window-modal: use
/// open(); accepted() means that filling() holds.
class FillDialog final : public QDialog {
    Q_OBJECT

public:
    enum Kind { Hex, Text, Random, Counter };

    /// `range` is not empty.
    explicit FillDialog(cachecore::ByteRange range, QWidget *parent);

    [[nodiscard]] cachecore::ByteRange range() const { return m_range; }
    /// What was typed, or what is wrong with it.
    [[nodiscard]] Typing<Filling> filling() const;

private:
    void buildWidgets();
    QWidget *makeRandomPage();
    QWidget *makeCounterPage();
    [[nodiscard]] QLineEdit *makeField(const char *name, const QString &accessibleName, QWidget *parent);
    [[nodiscard]] Typing<Filling> counter() const;
    void newSeed();
    void refresh();

    const cachecore::ByteRange m_range;
    QComboBox *m_kind = nullptr;
    QStackedWidget *m_pages = nullptr;
    QLineEdit *m_hex = nullptr;
    QLineEdit *m_text = nullptr;
    QLineEdit *m_seed = nullptr;
    QLineEdit *m_first = nullptr;
    QLineEdit *m_step = nullptr;
    QComboBox *m_width = nullptr;
    QLabel *m_preview = nullptr;
    QLabel *m_problem = nullptr;
    QPushButton *m_stage = nullptr;
};

} // namespace cachet
