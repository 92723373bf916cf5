#include "verifier/ext_image.hpp"

#include <utility>
#include <vector>

extern "C" {
// The header is C and converts without casts.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <ext2fs/ext2fs.h>
#pragma GCC diagnostic pop
}

namespace ordeal::verifier {
namespace {

ext2_filsys fs_of(void* filesystem) {
    return static_cast<ext2_filsys>(filesystem);
}

Error corrupt(const std::string& tried, errcode_t code) {
    return fail(ErrorKind::corrupt, tried, error_message(code));
}

struct CloseFile {
    void operator()(ext2_file* file) const { ext2fs_file_close(file); }
};

using Entries = std::vector<std::pair<ext2_ino_t, std::string>>;

int collect_entry(ext2_ino_t /*directory*/,
                  int entry,
                  ext2_dir_entry* found,
                  int /*offset*/,
                  int /*block_size*/,
                  char* /*buffer*/,
                  void* into) {
    if (entry == DIRENT_OTHER_FILE) {
        const auto length = static_cast<std::size_t>(ext2fs_dirent_name_len(found));
        static_cast<Entries*>(into)->emplace_back(found->inode, std::string(found->name, length));
    }
    return 0;
}

/// Reads a whole file; 0 or libext2fs's error.
errcode_t read_file(ext2_filsys fs, ext2_ino_t inode, std::vector<std::byte>& bytes) {
    ext2_file_t raw = nullptr;
    if (const errcode_t error = ext2fs_file_open(fs, inode, 0, &raw); error != 0) {
        return error;
    }
    const std::unique_ptr<ext2_file, CloseFile> file(raw);
    __u64 size = 0;
    if (const errcode_t error = ext2fs_file_get_lsize(raw, &size); error != 0) {
        return error;
    }
    if (size > ext2fs_blocks_count(fs->super) * fs->blocksize) {
        return EXT2_ET_FILE_TOO_BIG;
    }
    bytes.resize(size);
    constexpr std::size_t at_once = std::size_t{1} << 20U;
    for (std::size_t at = 0; at < bytes.size();) {
        unsigned int got = 0;
        const auto wanted = static_cast<unsigned int>(std::min(at_once, bytes.size() - at));
        const errcode_t error = ext2fs_file_read(raw, bytes.data() + at, wanted, &got);
        if (error != 0 || got == 0) {
            return error != 0 ? error : static_cast<errcode_t>(EXT2_ET_SHORT_READ);
        }
        at += got;
    }
    return 0;
}

}  // namespace

void ExtImage::Close::operator()(void* filesystem) const {
    ext2_filsys fs = fs_of(filesystem);
    ext2fs_free(fs);
}

Result<ExtImage> ExtImage::open(const std::filesystem::path& image) {
    const auto tried = "open the filesystem in " + image.string();
    if (std::error_code code; !std::filesystem::exists(image, code)) {
        return fail(ErrorKind::not_found, tried, "no such file");
    }
    initialize_ext2_error_table();
    ext2_filsys fs = nullptr;
    const errcode_t error =
        ext2fs_open2(image.c_str(), nullptr, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs);
    if (error != 0) {
        return corrupt(tried, error);
    }
    return ExtImage(std::unique_ptr<void, Close>(fs), image.string());
}

bool ExtImage::needs_recovery() const {
    return ext2fs_has_feature_journal_needs_recovery(fs_of(filesystem_.get())->super) != 0;
}

bool ExtImage::marked_faulty() const {
    const ext2_super_block* super = fs_of(filesystem_.get())->super;
    return (super->s_state & EXT2_ERROR_FS) != 0 || super->s_error_count != 0;
}

Status ExtImage::each_file(std::string_view directory, const Visit& visit) const {
    ext2_filsys fs = fs_of(filesystem_.get());
    const auto tried = "read /" + std::string(directory) + " in " + name_;
    ext2_ino_t inode = 0;
    if (const errcode_t error =
            ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, std::string(directory).c_str(), &inode);
        error != 0) {
        const auto kind =
            error == EXT2_ET_FILE_NOT_FOUND ? ErrorKind::not_found : ErrorKind::corrupt;
        return fail(kind, tried, error_message(error));
    }
    Entries entries;
    if (const errcode_t error = ext2fs_dir_iterate2(fs, inode, 0, nullptr, collect_entry, &entries);
        error != 0) {
        return corrupt(tried, error);
    }
    std::vector<std::byte> bytes;
    for (const auto& [file, name] : entries) {
        ext2_inode facts{};
        if (const errcode_t error = ext2fs_read_inode(fs, file, &facts); error != 0) {
            return corrupt(tried + "/" + name, error);
        }
        if (!LINUX_S_ISREG(facts.i_mode)) {
            continue;
        }
        if (const errcode_t error = read_file(fs, file, bytes); error != 0) {
            return corrupt(tried + "/" + name, error);
        }
        visit(name, bytes);
    }
    return ok();
}

}  // namespace ordeal::verifier
