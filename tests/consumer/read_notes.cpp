// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <exception>
#include <iostream>

#include "elf_notes.h"

namespace {

void printBuildId(const CachedFile &file, const ElfNote &note)
{
    std::printf("Build ID: ");
    for (const std::byte byte : file.bytes(note.description, note.size))
        std::printf("%02x", static_cast<unsigned>(byte));
    std::printf("\n");
}

void printAbiTag(const CachedFile &file, const ElfFile &elf, const ElfNote &note)
{
    const auto number = [&](unsigned place) {
        return static_cast<unsigned>(
            file.value<std::uint32_t>(note.description + std::uint64_t{place} * 4, elf.order()));
    };
    std::printf("OS: %s, ABI: %u.%u.%u\n", number(0) == 0 ? "Linux" : "another", number(1), number(2), number(3));
}

void printProbe(const CachedFile &file, const ElfFile &elf, const ElfNote &note)
{
    const unsigned width = elf.is64() ? 8 : 4;
    const int digits = static_cast<int>(2 * width);
    const auto address = [&](unsigned place) {
        return static_cast<unsigned long long>(elf.word(note.description + std::uint64_t{place} * width));
    };
    const std::uint64_t end = note.description + note.size;
    const std::uint64_t providerAt = note.description + std::uint64_t{3} * width;
    const std::string provider = file.string(providerAt, end);
    const std::uint64_t nameAt = providerAt + provider.size() + 1;
    const std::string name = file.string(nameAt, end);
    const std::string arguments = file.string(nameAt + name.size() + 1, end);
    std::printf("Provider: %s\nName: %s\n", provider.c_str(), name.c_str());
    std::printf("Location: 0x%0*llx, Base: 0x%0*llx, Semaphore: 0x%0*llx\n", digits, address(0), digits, address(1),
                digits, address(2));
    std::printf("Arguments: %s\n", arguments.c_str());
}

void printNote(const CachedFile &file, const ElfFile &elf, const ElfNote &note)
{
    std::printf("%s 0x%08x ", note.owner.c_str(), note.size);
    if (note.owner == "GNU" && note.type == 1) {
        std::printf("NT_GNU_ABI_TAG\n");
        printAbiTag(file, elf, note);
    } else if (note.owner == "GNU" && note.type == 3) {
        std::printf("NT_GNU_BUILD_ID\n");
        printBuildId(file, note);
    } else if (note.owner == "GNU" && note.type == 5) {
        std::printf("NT_GNU_PROPERTY_TYPE_0\n");
    } else if (note.owner == "stapsdt" && note.type == 3) {
        std::printf("NT_STAPSDT\n");
        printProbe(file, elf, note);
    } else {
        std::printf("Unknown note type: (0x%08x)\n", static_cast<unsigned>(note.type));
    }
}

} // namespace

/// read_notes FILE: lists the notes of an ELF file; what the cache did goes to the standard error. 1 for what is no ELF file.
int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "read_notes FILE\n";
        return 2;
    }
    try {
        const CachedFile file(argv[1]);
        const ElfFile elf(file);
        for (const NoteSection &section : elf.noteSections()) {
            std::printf("Displaying notes found in: %s\n", section.name.c_str());
            for (const ElfNote &note : section.notes)
                printNote(file, elf, note);
        }
        std::cerr << file.statistics() << '\n';
        return 0;
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
