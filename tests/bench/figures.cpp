// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/figures.h"

#include "tests/bench/targets.h"

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

QString spreadOf(const Figure &figure)
{
    if (figure.mostRatio <= 0)
        return QStringLiteral("-");
    return QString::number(figure.leastRatio, 'f', 2) + QStringLiteral("..")
        + QString::number(figure.mostRatio, 'f', 2);
}

QString verdictOf(const Figure &figure, const std::optional<Target> &target)
{
    if (!target)
        return QStringLiteral("-");
    return target->met(figure.ours, ratioOf(figure)) ? QStringLiteral("met") : QStringLiteral("missed");
}

} // namespace

Figures::Figures(const QStringList &arguments)
{
    const qsizetype option = arguments.indexOf(QStringLiteral("--json"));
    if (option >= 0 && option + 1 < arguments.size())
        m_json = arguments[option + 1];
    m_append = arguments.contains(QStringLiteral("--append"));
    if (!m_append)
        std::printf("name\tours\tbaseline\tunit\tratio\tratios\ttarget\tverdict\n");
}

void Figures::add(const Figure &figure)
{
    const auto target = targetOf(figure.name);
    std::printf("%s\t%.3f\t%.3f\t%s\t%.2f\t%s\t%s\t%s\n", qUtf8Printable(figure.name), figure.ours, figure.baseline,
                qUtf8Printable(figure.unit), ratioOf(figure), qUtf8Printable(spreadOf(figure)),
                target ? qUtf8Printable(target->text()) : "-", qUtf8Printable(verdictOf(figure, target)));
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
        const auto target = targetOf(figure.name);
        rows.append(QJsonObject{{"name", figure.name},
                                {"ours", figure.ours},
                                {"baseline", figure.baseline},
                                {"unit", figure.unit},
                                {"ratio", ratioOf(figure)},
                                {"leastRatio", figure.leastRatio},
                                {"mostRatio", figure.mostRatio},
                                {"target", target ? target->text() : QString()},
                                {"verdict", verdictOf(figure, target)}});
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
