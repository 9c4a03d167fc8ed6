// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/gui/window_fixture.h"

#include <QLabel>
#include <QPushButton>
#include <QtTest>

namespace cachet_test {

/// The part of the window that is called `name`, of whatever dialog; there must be one.
template <typename T>
[[nodiscard]] T *part(const WindowFixture &f, const char *name)
{
    T *found = f.window->findChild<T *>(QString::fromLatin1(name));
    if (!found)
        qFatal("no %s in the window", name);
    return found;
}

/// What a label shows; nothing while it is hidden.
[[nodiscard]] inline QString text(const WindowFixture &f, const char *name)
{
    const auto *label = part<QLabel>(f, name);
    return label->isVisible() ? label->text() : QString();
}

/// True when a button can be pressed.
[[nodiscard]] inline bool offered(const WindowFixture &f, const char *name)
{
    const auto *button = part<QPushButton>(f, name);
    return button->isVisible() && button->isEnabled();
}

inline void click(const WindowFixture &f, const char *name)
{
    QTest::mouseClick(part<QPushButton>(f, name), Qt::LeftButton);
}

} // namespace cachet_test
