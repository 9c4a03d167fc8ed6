// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "cached_file.h"

/// One note of an ELF file.
struct ElfNote {
    std::string owner;
    std::uint32_t type = 0;
    std::uint64_t description = 0; ///< where it lies in the file
    std::uint32_t size = 0;        ///< of it
};

/// The notes of one section, in their order.
struct NoteSection {
    std::string name;
    std::vector<ElfNote> notes;
};

/// An ELF file of 32 or 64 bits and either byte order (System V ABI, chapter 4), read through the cache. Throws ReadError for what is not one.
class ElfFile {
public:
    explicit ElfFile(const CachedFile &file);

    [[nodiscard]] std::vector<NoteSection> noteSections() const;
    [[nodiscard]] bool is64() const { return m_is64; }
    [[nodiscard]] std::endian order() const { return m_order; }
    /// An address or offset at `at`, as wide as this file's are.
    [[nodiscard]] std::uint64_t word(std::uint64_t at) const;

private:
    struct Section {
        std::uint32_t name = 0;
        std::uint32_t type = 0;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        std::uint64_t alignment = 0;
    };
    [[nodiscard]] Section sectionAt(std::uint32_t number) const;
    [[nodiscard]] std::vector<ElfNote> notesOf(const Section &section) const;
    template <typename T>
    [[nodiscard]] T number(std::uint64_t at) const
    {
        return m_file.value<T>(at, m_order);
    }

    const CachedFile &m_file;
    bool m_is64 = true;
    std::endian m_order = std::endian::little;
};
