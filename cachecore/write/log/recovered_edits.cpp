// SPDX-License-Identifier: MIT
#include "cachecore/write/log/recovered_edits.h"

#include "cachecore/write/journal/protocol_step.h"
#include "cachecore/write/log/recovery_log_decoder.h"

#include <map>
#include <new>
#include <utility>

namespace cachecore {

namespace {

/// A file of the log, opened again or not.
using Reopened = Result<std::shared_ptr<const ExternalBytes>>;

Reopened reopen(const ExternalOrigin &origin, const OpenImport &openImport)
{
    auto opened = openImport(origin.path);
    if (!opened)
        return opened;
    const auto now = (*opened)->origin();
    const bool changed = !now || now->fingerprint != origin.fingerprint;
    if (changed && !leftOut(ProtocolStep::RestoreComparesImports))
        return failure(ErrorCode::Changed, Operation::Import, {}, origin.path);
    return opened;
}

/// Puts the files themselves in place of their names, and takes out what is lost.
void openImports(RecoveredEdits &recovered, const OpenImport &openImport)
{
    std::map<const ExternalBytes *, Reopened> files;
    const StagedEdits named = recovered.edits;
    named.forEachPiece(named.span(), [&](ByteRange range, const Piece &piece) {
        if (piece.kind != Piece::Kind::External)
            return true;
        auto file = files.find(piece.external().get());
        if (file == files.end())
            file = files.emplace(piece.external().get(), reopen(*piece.external()->origin(), openImport)).first;
        if (!file->second) {
            recovered.lost.push_back({range, file->second.error()});
            recovered.edits = recovered.edits.without(range);
            return true;
        }
        Piece real = Piece::externalFrom(*file->second, piece.phase);
        real.stamp = piece.stamp;
        recovered.edits = recovered.edits.with(range, std::move(real), {});
        return true;
    });
}

Result<RecoveredEdits> readAll(EnvFile &file, const std::string &path, const OpenImport &openImport,
                               const std::stop_token &stop)
{
    recovery_log::RecordReader reader(file, path);
    auto header = reader.open();
    if (!header)
        return failure(header.error());
    RecoveredEdits recovered;
    recovered.header = std::move(*header);
    recovery_log::Decoder decoder;
    for (;;) {
        const auto record = reader.next(stop);
        if (!record)
            return failure(record.error());
        if (!*record) {
            recovered.damage = reader.damage();
            break;
        }
        if (!decoder.apply(**record)) {
            recovered.damage = reader.damagedAt((*record)->at);
            break;
        }
    }
    recovered.edits = decoder.edits();
    recovered.states = decoder.states();
    if (decoder.committed()) {
        recovered.committed = decoder.committed()->id;
        if (decoder.committed()->fingerprint != SourceFingerprint())
            recovered.header.fingerprint = decoder.committed()->fingerprint;
    }
    openImports(recovered, openImport);
    return recovered;
}

} // namespace

Result<RecoveredEdits> readRecoveryLog(Env &env, const std::string &path, const OpenImport &openImport,
                                       std::stop_token stop)
{
    try {
        const auto file = env.open(path, OpenMode::Read);
        if (!file) {
            Error error = file.error();
            error.operation = Operation::Journal;
            return failure(std::move(error));
        }
        return readAll(**file, path, openImport, stop);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::OutOfMemory, Operation::Journal, {}, path);
    }
}

} // namespace cachecore
