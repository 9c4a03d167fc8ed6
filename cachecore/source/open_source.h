// SPDX-License-Identifier: MIT
#pragma once

#include "cachecore/source/file_source.h"

#include <memory>
#include <string>

namespace cachecore {

/// Opens what `name` means: the URI of a network block device (see NbdSource::isUri), else the path of a file or device, of which a path like "./nbd://x" is always one. With
/// WriteIfPermitted a network block device is opened read-only, as a device is: its server cannot say who else writes to it; with WriteDevice as
/// NbdSource::Access::WriteIfPermitted. Errors: as FileSource::open and NbdSource::open. Blocking.
[[nodiscard]] Result<std::shared_ptr<BlockSource>> openSource(std::shared_ptr<Env> env, const std::string &name,
                                                              FileSource::Access access);

} // namespace cachecore
