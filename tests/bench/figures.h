// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

#include <vector>

namespace cachet_test {

/// One measured figure beside what it is compared with, measured in the same run.
struct Figure {
    QString name;
    double ours = 0;
    double baseline = 0;
    QString unit;
    double leastRatio
        = 0; ///< of one repetition to that of the baseline measured beside it; 0 with mostRatio: there was only one
    double mostRatio = 0;
};

/// Prints figures as tab-separated lines `name, ours, baseline, unit, ratio, ratios, target, verdict` with a heading, each as soon as it is there. `ratios`
/// are the least and the most of single repetitions, `target` and `verdict` (met or missed) stand where there is one.
class Figures {
public:
    /// Reads the program's arguments. `--json FILE`: where to put all figures at the end as well; `--append`: after those that are there,
    /// and without a heading.
    explicit Figures(const QStringList &arguments);

    void add(const Figure &figure);
    /// Writes the JSON file when one was asked for; false with a sentence on stderr when that failed.
    [[nodiscard]] bool finish() const;

private:
    QString m_json;
    bool m_append = false;
    std::vector<Figure> m_figures;
};

} // namespace cachet_test
