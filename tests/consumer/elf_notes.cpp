// SPDX-License-Identifier: GPL-3.0-or-later
#include "elf_notes.h"

#include <algorithm>

namespace {

constexpr std::uint32_t kMagic = 0x7f454c46;
constexpr std::uint32_t kNoteSection = 7; // SHT_NOTE

std::uint64_t alignedUp(std::uint64_t at, std::uint64_t unit)
{
    return (at + unit - 1) / unit * unit;
}

} // namespace

ElfFile::ElfFile(const CachedFile &file)
    : m_file(file)
{
    if (m_file.value<std::uint32_t>(0, std::endian::big) != kMagic)
        throw ReadError("not an ELF file");
    const auto width = number<std::uint8_t>(4);
    const auto order = number<std::uint8_t>(5);
    if (width < 1 || width > 2 || order < 1 || order > 2)
        throw ReadError("an ELF file of an unknown kind");
    m_is64 = width == 2;
    m_order = order == 2 ? std::endian::big : std::endian::little;
}

std::uint64_t ElfFile::word(std::uint64_t at) const
{
    return m_is64 ? number<std::uint64_t>(at) : number<std::uint32_t>(at);
}

ElfFile::Section ElfFile::sectionAt(std::uint32_t sectionNumber) const
{
    const std::uint64_t table = word(m_is64 ? 40 : 32);
    const auto entry = number<std::uint16_t>(m_is64 ? 58 : 46);
    const std::uint64_t at = table + std::uint64_t{sectionNumber} * entry;
    const std::uint64_t width = m_is64 ? 8 : 4;
    Section section;
    section.name = number<std::uint32_t>(at);
    section.type = number<std::uint32_t>(at + 4);
    section.offset = word(at + 8 + 2 * width); // behind flags and address
    section.size = word(at + 8 + 3 * width);
    section.alignment = word(at + 16 + 4 * width); // behind link and info
    return section;
}

std::vector<NoteSection> ElfFile::noteSections() const
{
    const auto count = number<std::uint16_t>(m_is64 ? 60 : 48);
    const Section names = sectionAt(number<std::uint16_t>(m_is64 ? 62 : 50));
    std::vector<NoteSection> sections;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Section section = sectionAt(i);
        if (section.type == kNoteSection)
            sections.push_back(
                {m_file.string(names.offset + section.name, names.offset + names.size), notesOf(section)});
    }
    return sections;
}

std::vector<ElfNote> ElfFile::notesOf(const Section &section) const
{
    std::vector<ElfNote> notes;
    const std::uint64_t unit = section.alignment == 8 ? 8 : 4;
    const std::uint64_t end = section.offset + section.size;
    std::uint64_t at = section.offset;
    while (at < end) {
        const auto nameSize = number<std::uint32_t>(at);
        ElfNote note;
        note.size = number<std::uint32_t>(at + 4);
        note.type = number<std::uint32_t>(at + 8);
        note.owner = nameSize == 0 ? std::string() : m_file.string(at + 12, at + 12 + nameSize);
        note.description = section.offset + alignedUp(at - section.offset + 12 + nameSize, unit);
        if (note.description > end || note.size > end - note.description)
            throw ReadError("a note is longer than its section");
        at = section.offset + alignedUp(note.description - section.offset + note.size, unit);
        notes.push_back(std::move(note));
    }
    return notes;
}
