// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>

#include "pack_file.h"

namespace {

/// One line for each object, in the order they lie in: offset, type, size (of the delta for a delta), bytes in the pack, CRC-32, depth, bytes when put together. What git hashes of
/// each goes to `out`, one after the other.
void walk(const CachedFile &packFile, const CachedFile &indexFile, std::ostream &out)
{
    const PackIndex index(indexFile);
    PackFile pack(packFile, index);
    if (pack.count() != index.count())
        throw ReadError("pack and index differ");
    std::uint64_t at = PackFile::kFirstObject;
    std::vector<std::byte> content;
    for (std::uint32_t i = 0; i < pack.count(); ++i) {
        const PackedObject packed = pack.inflate(at, content);
        const auto object = pack.whole(at);
        std::printf("%llu %s %llu %llu %08x %u %zu\n", static_cast<unsigned long long>(at), object->type.c_str(),
                    static_cast<unsigned long long>(packed.size), static_cast<unsigned long long>(packed.end - at),
                    static_cast<unsigned>(pack.checksum(at, packed.end)), object->depth, object->content.size());
        out << object->type << ' ' << object->content.size() << '\0';
        out.write(reinterpret_cast<const char *>(object->content.data()),
                  static_cast<std::streamsize>(object->content.size()));
        at = packed.end;
    }
    if (at != pack.end())
        throw ReadError("something lies behind the last object");
}

} // namespace

/// walk_pack PACK INDEX OUT: lists a git pack; what the cache did goes to the standard error. 1 for what is no pack.
int main(int argc, char **argv)
{
    if (argc != 4) {
        std::cerr << "walk_pack PACK INDEX OUT\n";
        return 2;
    }
    try {
        const CachedFile pack(argv[1]);
        const CachedFile index(argv[2]);
        std::ofstream out(argv[3], std::ios::binary);
        walk(pack, index, out);
        std::cerr << pack.statistics() << '\n';
        return out.flush() ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
