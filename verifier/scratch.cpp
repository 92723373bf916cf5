#include "verifier/scratch.hpp"

#include <cstdlib>
#include <system_error>

namespace ordeal::verifier {

namespace fs = std::filesystem;

Scratch::Scratch() {
    std::error_code ignored;
    const auto parent =
        fs::is_directory("/dev/shm", ignored) ? fs::path("/dev/shm") : fs::temp_directory_path();
    auto name = (parent / "ordeal-explore-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) {
        path_ = name;
    }
}

Scratch::~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) {
        fs::remove_all(path_, ignored);
    }
}

}  // namespace ordeal::verifier
