// nbdkit plugin: serves a disk and records what is done to it.
//
//   nbdkit -U SOCKET ordeal-record.so file=DISK trace=TRACE [base=COPY] [atom=512|4096]
//
// Exports: "" is the disk; "marks" is a small disk on which each write is an acknowledgement;
// "write-cache" is one sector: writing a '0' or a '1' at its start tells the cache's new state.
#include "verifier/crash/recorder/disk_recorder.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL  // NOLINT: nbdkit reads it

namespace {

using ordeal::verifier::crash::DiskRecorder;
using Fua = DiskRecorder::Fua;

enum class Export { disk, marks, write_cache };

constexpr std::int64_t marks_size = 1 << 20;

// nbdkit knows one plugin in a process and gives its functions no pointer: this is the one place.
DiskRecorder::Options options;           // NOLINT
std::unique_ptr<DiskRecorder> recorder;  // NOLINT

Fua fua_of(std::uint32_t flags) {
    return (flags & NBDKIT_FLAG_FUA) != 0 ? Fua::yes : Fua::no;
}

int answer(int error) {
    if (error == 0) {
        return 0;
    }
    nbdkit_set_error(error);
    return -1;
}

bool is_disk(void* handle) {
    return *static_cast<Export*>(handle) == Export::disk;
}

int config(const char* key, const char* value) {
    const std::string_view name(key);
    const auto path = [&](std::filesystem::path& into) {
        char* absolute = nbdkit_absolute_path(value);
        if (absolute == nullptr) {
            return -1;
        }
        into = absolute;
        std::free(absolute);  // NOLINT: nbdkit's malloc
        return 0;
    };
    if (name == "file") {
        return path(options.file);
    }
    if (name == "trace") {
        return path(options.trace);
    }
    if (name == "base") {
        return path(options.base);
    }
    if (name == "atom") {
        return nbdkit_parse_uint32_t("atom", value, &options.atom);
    }
    nbdkit_error("unknown parameter '%s'", key);
    return -1;
}

int config_complete() {
    if (options.file.empty() || options.trace.empty()) {
        nbdkit_error("file= and trace= are needed");
        return -1;
    }
    return 0;
}

int get_ready() {
    auto created = DiskRecorder::create(options);
    if (!created) {
        nbdkit_error("%s", created.error().text().c_str());
        return -1;
    }
    recorder = std::move(created.value());
    return 0;
}

void cleanup() {
    recorder.reset();
}

void* open_export(int /*readonly*/) {
    const std::string_view name(nbdkit_export_name());
    if (name.empty()) {
        return new Export(Export::disk);
    }
    if (name == "marks") {
        return new Export(Export::marks);
    }
    if (name == "write-cache") {
        return new Export(Export::write_cache);
    }
    nbdkit_error("no export '%s'", nbdkit_export_name());
    return nullptr;
}

void close_export(void* handle) {
    delete static_cast<Export*>(handle);  // NOLINT: nbdkit held it
}

std::int64_t get_size(void* handle) {
    return is_disk(handle) ? static_cast<std::int64_t>(recorder->size()) : marks_size;
}

int block_size(void* handle, std::uint32_t* minimum, std::uint32_t* preferred, std::uint32_t* max) {
    *minimum = is_disk(handle) ? recorder->atom() : 512;
    *preferred = 4096;
    *max = ordeal::verifier::crash::max_trace_data / 2;
    return 0;
}

int yes(void* /*handle*/) {
    return 1;
}

int disk_only(void* handle) {
    return is_disk(handle) ? 1 : 0;
}

int can_fua(void* /*handle*/) {
    return NBDKIT_FUA_NATIVE;
}

int pread_export(void* handle, void* to, std::uint32_t count, std::uint64_t offset, std::uint32_t) {
    if (!is_disk(handle)) {
        std::memset(to, 0, count);
        return 0;
    }
    return answer(recorder->read({static_cast<std::byte*>(to), count}, offset));
}

int pwrite_export(void* handle,
                  const void* from,
                  std::uint32_t count,
                  std::uint64_t offset,
                  std::uint32_t flags) {
    const std::span bytes(static_cast<const std::byte*>(from), count);
    switch (*static_cast<Export*>(handle)) {
        case Export::disk:
            return answer(recorder->write(bytes, offset, fua_of(flags)));
        case Export::marks:
            return answer(recorder->mark(bytes));
        case Export::write_cache:
            return answer(bytes.empty() ? EINVAL
                                        : recorder->note_write_cache(bytes[0] != std::byte{'0'}));
    }
    return answer(EINVAL);
}

int flush_export(void* handle, std::uint32_t /*flags*/) {
    return is_disk(handle) ? answer(recorder->flush()) : 0;
}

int trim_export(void* /*handle*/, std::uint32_t count, std::uint64_t offset, std::uint32_t flags) {
    return answer(recorder->discard(offset, count, fua_of(flags)));
}

int zero_export(void* /*handle*/, std::uint32_t count, std::uint64_t offset, std::uint32_t flags) {
    return answer(recorder->zero(offset, count, fua_of(flags)));
}

nbdkit_plugin plugin = {
    .name = "ordeal-record",
    .longname = "ordeal's disk recorder",
    .config = config,
    .config_complete = config_complete,
    .config_help =
        "file=DISK    the disk, raw\n"
        "trace=TRACE  where the recording goes; must not exist\n"
        "base=COPY    where a copy of the disk as it is now goes\n"
        "atom=N       512 (default) or 4096: what the disk writes whole",
    .open = open_export,
    .close = close_export,
    .get_size = get_size,
    .can_flush = yes,
    .can_trim = disk_only,
    .can_zero = disk_only,
    .can_fua = can_fua,
    .pread = pread_export,
    .pwrite = pwrite_export,
    .flush = flush_export,
    .trim = trim_export,
    .zero = zero_export,
    .can_multi_conn = yes,
    .get_ready = get_ready,
    .cleanup = cleanup,
    .block_size = block_size,
};

}  // namespace

NBDKIT_REGISTER_PLUGIN(plugin)
