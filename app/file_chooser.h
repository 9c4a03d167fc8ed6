// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>

class QWidget;

namespace cachet {

/// Asks for a file name (bytes) and calls the function when one was chosen, now or later.
using FileChooser = std::function<void(QWidget *parent, std::function<void(std::string)>)>;

} // namespace cachet
