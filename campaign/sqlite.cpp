#include "campaign/sqlite.hpp"

#include <sqlite3.h>

namespace ordeal::sqlite {
namespace {

ErrorKind kind_of(int code) {
    switch (code) {
        case SQLITE_CANTOPEN:
            return ErrorKind::not_found;
        case SQLITE_PERM:
        case SQLITE_READONLY:
        case SQLITE_AUTH:
            return ErrorKind::refused;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorKind::corrupt;
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
        case SQLITE_CONSTRAINT:
            return ErrorKind::internal;
        default:
            return ErrorKind::unavailable;
    }
}

Error error_of(sqlite3* handle, std::string tried) {
    const int code = sqlite3_extended_errcode(handle) & 0xff;
    // A quota or a size limit comes back as an I/O error, a full disk mostly as SQLITE_FULL.
    const bool full = code == SQLITE_FULL || code == SQLITE_IOERR;
    return fail(
        kind_of(code),
        std::move(tried),
        sqlite3_errmsg(handle),
        full ? "is the disk full? free some space or choose another directory with --out" : "");
}

Error error_of(sqlite3* handle) {
    const char* file = sqlite3_db_filename(handle, "main");
    return error_of(handle, "use " + std::string(file == nullptr ? "a database" : file));
}

}  // namespace

Statement::Statement(sqlite3_stmt* statement) : handle_(statement, &sqlite3_finalize) {}

// Binding fails only for a wrong position or a value above SQLite's limit of 1 GB; the step that
// follows then fails or stores NULL where a NOT NULL column refuses it.
Statement& Statement::bind(int position, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), position, value);
    return *this;
}

Statement& Statement::bind(int position, std::string_view value) {
    sqlite3_bind_text(
        handle_.get(), position, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        return code == SQLITE_ROW;
    }
    return error_of(sqlite3_db_handle(handle_.get()));
}

Status Statement::run() {
    const auto stepped = step();
    sqlite3_reset(handle_.get());
    return stepped ? ok() : Status(stepped.error());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(handle_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return bytes == nullptr ? std::string_view()
                            : std::string_view(reinterpret_cast<const char*>(bytes), size);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

Database::Database(sqlite3* handle) : handle_(handle, &sqlite3_close_v2) {}

Result<Database> Database::open(const std::filesystem::path& file, Mode mode) {
    const int flags =
        mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_FULLMUTEX, nullptr);
    Database database(raw);
    if (code != SQLITE_OK) {
        return error_of(raw, "open " + file.string());
    }
    // A reader may meet the writer of a run that is still going.
    sqlite3_busy_timeout(raw, 5000);
    return database;
}

Status Database::execute(const std::string& sql) {
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error_of(handle_.get());
    }
    return ok();
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(
            handle_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
        return error_of(handle_.get());
    }
    return Statement(raw);
}

}  // namespace ordeal::sqlite
