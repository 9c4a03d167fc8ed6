// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/figures.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

#include <cstdio>

namespace cachet_test {

namespace {

double ratioOf(const Figure &figure)
{
    return figure.baseline > 0 ? figure.ours / figure.baseline : 0;
}

} // namespace

Figures::Figures(const QStringList &arguments)
{
    const qsizetype option = arguments.indexOf(QStringLiteral("--json"));
    if (option >= 0 && option + 1 < arguments.size())
        m_json = arguments[option + 1];
    m_append = arguments.contains(QStringLiteral("--append"));
    if (!m_append)
        std::printf("name\tours\tbaseline\tunit\tratio\n");
}

void Figures::add(const Figure &figure)
{
    std::printf("%s\t%.3f\t%.3f\t%s\t%.2f\n", qUtf8Printable(figure.name), figure.ours, figure.baseline,
                qUtf8Printable(figure.unit), ratioOf(figure));
    std::fflush(stdout);
    m_figures.push_back(figure);
}

bool Figures::finish() const
{
    if (m_json.isEmpty())
        return true;
    QJsonArray rows;
    if (QFile before(m_json); m_append && before.open(QIODevice::ReadOnly))
        rows = QJsonDocument::fromJson(before.readAll()).array();
    for (const Figure &figure : m_figures) {
        rows.append(QJsonObject{{"name", figure.name},
                                {"ours", figure.ours},
                                {"baseline", figure.baseline},
                                {"unit", figure.unit},
                                {"ratio", ratioOf(figure)}});
    }
    QSaveFile file(m_json);
    const QByteArray text = QJsonDocument(rows).toJson();
    if (file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit())
        return true;
    std::fprintf(stderr, "The figures could not be written to %s: %s\n", qUtf8Printable(m_json),
                 qUtf8Printable(file.errorString()));
    return false;
}

} // namespace cachet_test
