#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <string>

namespace ordeal {

/// Where a secret is. Never the secret itself, so that this may be printed.
struct SecretRef {
    std::string variable = {};        ///< of the environment; or
    std::filesystem::path file = {};  ///< its first line; refused when others can read it
};

/// "env:NAME" or "file:/path". Errors: definition.
[[nodiscard]] Result<SecretRef> parse_secret_ref(const std::string& text);

/// Errors: missing (no such variable or file), refused (others can read the file).
[[nodiscard]] Result<std::string> read_secret(const SecretRef& ref);

}  // namespace ordeal
