// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/byte_range.h"
#include "ui/session/import_opener.h"

#include <QDialog>

#include <optional>

class QCheckBox;
class QLabel;
class QPushButton;

namespace cachet {

/// How much of a file goes where.
struct ImportPlan {
    cachecore::ByteRange over;        ///< the bytes that would be replaced now; empty when nothing can be
    std::uint64_t wanted = 0;         ///< bytes of the file
    std::optional<std::uint64_t> cut; ///< what fits, when that is less than the whole file
    bool pastEnd = false;             ///< the whole file does not fit before the end

    friend bool operator==(const ImportPlan &, const ImportPlan &) = default;
};

/// Where the `fileBytes` of a file go in a document of `size` bytes: over `selection`, or from `caret` on when nothing is selected.
/// With `cut` only what fits the selection, or before the end. Pure.
[[nodiscard]] ImportPlan planImport(std::uint64_t fileBytes, cachecore::ByteRange selection,
                                    cachecore::ByteOffset caret, std::uint64_t size, bool cut);

/// Shows what importing a file would replace, and asks for consent to cut it where it does not fit. Stages nothing itself.
/// Window-modal: use open(); accepted() means that over() holds.
class ImportDialog final : public QDialog {
    Q_OBJECT

public:
    struct Place {
        cachecore::ByteRange selection; ///< empty: at the caret
        cachecore::ByteOffset caret;
        std::uint64_t size = 0; ///< of the document
    };

    ImportDialog(ImportedFile file, Place place, QWidget *parent);

    [[nodiscard]] const ImportedFile &file() const { return m_file; }
    /// The bytes that the beginning of the file goes over.
    [[nodiscard]] cachecore::ByteRange over() const { return plan().over; }

private:
    [[nodiscard]] ImportPlan plan() const;
    void buildWidgets();
    void refresh();

    const ImportedFile m_file;
    const Place m_place;
    QLabel *m_over = nullptr;
    QLabel *m_note = nullptr;
    QCheckBox *m_cut = nullptr;
    QPushButton *m_stage = nullptr;
};

} // namespace cachet
