// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/formats/clipboard_bytes.h"

#include <QMimeData>
#include <QStringDecoder>

namespace cachet {

namespace {

const QString kBytesType = QStringLiteral("application/octet-stream");

} // namespace

std::unique_ptr<QMimeData> clipboardData(const QByteArray &bytes)
{
    auto data = std::make_unique<QMimeData>();
    data->setData(kBytesType, bytes);
    if (!bytes.contains('\0')) {
        QStringDecoder decoder(QStringConverter::Utf8);
        const QString text = decoder.decode(bytes);
        if (!decoder.hasError())
            data->setText(text);
    }
    return data;
}

ClipboardContent clipboardContent(const QMimeData *data)
{
    if (!data)
        return {};
    if (data->hasFormat(kBytesType)) {
        QByteArray bytes = data->data(kBytesType);
        if (!bytes.isEmpty())
            return bytes;
    }
    if (QString text = data->text(); !text.isEmpty())
        return text;
    return {};
}

} // namespace cachet
