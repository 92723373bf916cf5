#include "cli/places.hpp"

#include <fstream>

namespace ordeal::cli {

std::filesystem::path runs_directory() {
    return std::filesystem::path(".ordeal") / "runs";
}

std::string first_comment(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::string line;
    if (!std::getline(stream, line) || !line.starts_with("# ")) {
        return {};
    }
    return line.substr(2);
}

}  // namespace ordeal::cli
