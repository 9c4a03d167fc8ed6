// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cachecore/base/env.h"
#include "cachecore/write/journal/journal_reader.h"
#include "cachecore/write/journal/journal_writer.h"
#include "tests/support/random.h"

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cachet_test {

/// One extent as a journal is given it.
struct SampleExtent {
    cachecore::ByteRange units;
    std::vector<std::byte> old;
    std::vector<cachecore::JournalSegment> segments;

    /// The units' bytes once the segments are in them.
    [[nodiscard]] std::vector<std::byte> content() const;
};

/// What a journal holds.
struct SampleJournal {
    cachecore::JournalHeader header;
    std::vector<SampleExtent> extents;
    std::vector<cachecore::JournalState> states; ///< one after the other, Armed first when it is armed

    /// Writes it to `file`, up to its last state or the first error.
    [[nodiscard]] cachecore::Result<void> writeTo(cachecore::JournalWriter &writer) const;
    /// The bytes of the journal, which is armed.
    [[nodiscard]] std::vector<std::byte> bytes() const;
};

/// A header with everything in it fixed, for a target of `size` bytes.
[[nodiscard]] cachecore::JournalHeader sampleHeader(std::uint64_t size, std::uint32_t unit = 4096);
/// The journal that FORMAT.md shows: a target of 4100 bytes, one literal edit of three bytes in its first unit and a pattern that fills its second.
[[nodiscard]] SampleJournal smallJournal();
/// Any armed journal: up to `mostExtents` extents with segments of every kind.
[[nodiscard]] SampleJournal randomJournal(Random &random, std::uint64_t mostExtents = 12);

/// What the fuzzer of the journal's reader starts from, by the names of the files in tests/data/journal: some hundred bytes each.
[[nodiscard]] std::map<std::string, std::vector<std::byte>> journalSeeds();

/// A file without a name that holds `bytes`.
[[nodiscard]] std::unique_ptr<cachecore::EnvFile> fileWith(std::span<const std::byte> bytes);
/// All bytes of a file.
[[nodiscard]] std::vector<std::byte> bytesOf(cachecore::EnvFile &file);

} // namespace cachet_test
