// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/document.h"
#include "ui/formats/byte_format.h"

#include <QObject>

#include <memory>

namespace cachet {

class ClipboardTask;
class MessageBar;

/// Puts ranges of a document on the clipboard in the format asked for. The bytes are read on a worker, staged ones included; the
/// clipboard changes only when all of them are there.
/// Thread: GUI. Nothing here blocks.
class CopyAsController final : public QObject {
    Q_OBJECT

public:
    /// Most bytes of a document that go to the clipboard at once.
    static constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

    CopyAsController(ClipboardTask &task, MessageBar &messages, QObject *parent);

    void copy(const std::shared_ptr<cachecore::Document> &document, cachecore::ByteRange range, ByteFormat format);
    /// Says that `range` is more than the clipboard takes, and offers to export it.
    void refuseTooLong(cachecore::ByteRange range, ByteFormat format);

signals:
    /// A passing remark: what was copied.
    void told(const QString &sentence);
    /// The range is to go to a file instead.
    void exportWanted(cachet::ByteFormat format);

private:
    struct Copied;
    void finished(const Copied &copied);

    ClipboardTask &m_task;
    MessageBar &m_messages;
};

} // namespace cachet
