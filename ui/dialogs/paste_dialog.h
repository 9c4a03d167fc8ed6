// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/formats/text_conversion.h"

#include <QDialog>

#include <memory>
#include <optional>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;

namespace cachet {

/// Where bytes are pasted.
struct PastePlace {
    cachecore::ByteRange selection; ///< empty: at the caret
    cachecore::ByteOffset caret;
    std::uint64_t size = 0; ///< of the document

    [[nodiscard]] cachecore::ByteOffset at() const { return selection.empty() ? caret : selection.begin(); }
    /// Bytes from there to the end of the document.
    [[nodiscard]] std::uint64_t room() const { return at().value() < size ? size - at().value() : 0; }
};

/// What is done with bytes that are fewer or more than the place takes.
struct PasteFit {
    bool cut = false;  ///< only those that fit the selection, or before the end
    bool fill = false; ///< repeated until the selection is full
};

struct PastePlan {
    cachecore::ByteRange over; ///< the bytes that are replaced; empty when nothing can be
    bool repeated = false;     ///< what is pasted is shorter

    friend bool operator==(const PastePlan &, const PastePlan &) = default;
};

/// Where `count` bytes go. Pure.
[[nodiscard]] PastePlan planPaste(std::uint64_t count, const PastePlace &place, PasteFit fit);
/// True when they go there as they are: no selection and room for them, or a selection of their length.
[[nodiscard]] bool fitsExactly(std::uint64_t count, const PastePlace &place);

/// Shows what a paste would replace and with what, and asks how to read the text and what to do where it does not fit. Converts and stages nothing itself:
/// formatChanged asks for a conversion, setConversion brings it. Window-modal: use open(); accepted() means that plan() holds.
class PasteDialog final : public QDialog {
    Q_OBJECT

public:
    /// `format` is the first choice; none for bytes that are no text.
    PasteDialog(std::optional<TextFormat> format, const PastePlace &place, QWidget *parent);

    [[nodiscard]] std::optional<TextFormat> format() const;
    [[nodiscard]] PastePlan plan() const;
    void setConversion(std::shared_ptr<const TextConversion> conversion);

signals:
    void formatChanged(cachet::TextFormat format);

private:
    void buildWidgets(std::optional<TextFormat> format);
    void refresh();
    /// Why nothing can be pasted; empty when it can.
    [[nodiscard]] QString whyNot(const PastePlan &now) const;
    void refreshChoices();

    const PastePlace m_place;
    std::shared_ptr<const TextConversion> m_conversion; ///< null: not there yet
    QComboBox *m_format = nullptr;
    QLabel *m_holds = nullptr;
    QLabel *m_preview = nullptr;
    QLabel *m_over = nullptr;
    QLabel *m_note = nullptr;
    QCheckBox *m_cut = nullptr;
    QCheckBox *m_fill = nullptr;
    QPushButton *m_stage = nullptr;
};

} // namespace cachet
