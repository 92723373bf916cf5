#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// Owners of SQLite's handles. Not thread-safe.
namespace ordeal::sqlite {

enum class Mode { create, read };

/// A prepared statement; reusable after `reset`. Positions count from 1 for binding and from 0 for
/// columns, as in SQLite.
class Statement {
  public:
    Statement& bind(int position, std::int64_t value);
    Statement& bind(int position, std::string_view value);
    /// True: a row is there; false: done.
    Result<bool> step();
    /// Steps once and resets: for statements without rows.
    Status run();
    [[nodiscard]] std::int64_t integer(int column) const;
    /// Valid until the next step.
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] bool is_null(int column) const;

  private:
    friend class Database;
    explicit Statement(sqlite3_stmt* statement);

    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> handle_;
};

/// An open database file.
class Database {
  public:
    /// Errors: not_found, refused, corrupt, unavailable (a full disk says so).
    [[nodiscard]] static Result<Database> open(const std::filesystem::path& file, Mode mode);

    /// One or more statements without results.
    Status execute(const std::string& sql);
    Result<Statement> prepare(std::string_view sql);

    /// Runs `body` in one transaction; rolled back when it fails.
    template <class Body>
    Status transaction(Body&& body) {
        if (auto status = execute("BEGIN IMMEDIATE"); !status) {
            return status;
        }
        auto status = body();
        if (status) {
            status = execute("COMMIT");
        }
        if (!status) {
            // Fails only when SQLite has rolled back already.
            static_cast<void>(execute("ROLLBACK"));
        }
        return status;
    }

  private:
    explicit Database(sqlite3* handle);

    std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
};

}  // namespace ordeal::sqlite
