#include "testbed/secret.hpp"

#include <cstdlib>
#include <fstream>
#include <string_view>
#include <sys/stat.h>

namespace ordeal {
namespace {

Result<std::string> read_secret_file(const std::filesystem::path& path) {
    const auto tried = "read the password in " + path.string();

    struct stat info {};

    std::string secret;
    std::ifstream file(path);
    if (::stat(path.c_str(), &info) != 0 || !std::getline(file, secret)) {
        return fail(ErrorKind::missing, tried, "not readable");
    }
    if ((info.st_mode & 077U) != 0) {
        return fail(ErrorKind::refused, tried, "others may read it", "chmod 600 " + path.string());
    }
    return secret;
}

}  // namespace

Result<SecretRef> parse_secret_ref(const std::string& text) {
    constexpr std::string_view variable = "env:";
    constexpr std::string_view file = "file:";
    if (text.starts_with(variable) && text.size() > variable.size()) {
        return SecretRef{.variable = text.substr(variable.size())};
    }
    if (text.starts_with(file) && text.size() > file.size()) {
        return SecretRef{.file = text.substr(file.size())};
    }
    return fail(ErrorKind::definition,
                "read a reference to a password",
                "a password is never written here itself",
                "write \"env:NAME\" for a variable or \"file:/path\" for a file of mode 0600");
}

Result<std::string> read_secret(const SecretRef& ref) {
    if (ref.variable.empty()) {
        return read_secret_file(ref.file);
    }
    const char* value = std::getenv(ref.variable.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') {
        return fail(ErrorKind::missing,
                    "read the password in $" + ref.variable,
                    "the variable is not set",
                    "export " + ref.variable + "=…");
    }
    return std::string(value);
}

}  // namespace ordeal
