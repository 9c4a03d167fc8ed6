// SPDX-License-Identifier: MIT
#include "cachecore/source/open_source.h"

#include "cachecore/source/nbd_source.h"

#include <utility>

namespace cachecore {

namespace {

template <typename Source>
Result<std::shared_ptr<BlockSource>> shared(Result<std::unique_ptr<Source>> opened)
{
    if (!opened)
        return failure(std::move(opened.error()));
    return std::shared_ptr<BlockSource>(std::move(*opened));
}

} // namespace

Result<std::shared_ptr<BlockSource>> openSource(std::shared_ptr<Env> env, const std::string &name,
                                                FileSource::Access access)
{
    if (!NbdSource::isUri(name))
        return shared(FileSource::open(std::move(env), name, access));
    return shared(NbdSource::open(name,
                                  access == FileSource::Access::WriteDevice ? NbdSource::Access::WriteIfPermitted
                                                                            : NbdSource::Access::ReadOnly));
}

} // namespace cachecore
