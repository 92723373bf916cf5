#include "reports/file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace ordeal::reports {

Status write_file(const std::filesystem::path& path, std::string_view text) {
    const auto refuse = [&](const std::string& answer) {
        return fail(ErrorKind::unavailable,
                    "write " + path.string(),
                    answer,
                    "choose another place with --out, or make room");
    };
    std::filesystem::path fresh = path;
    fresh += ".new";
    std::error_code error;
    {
        std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
        file.write(text.data(), static_cast<std::streamsize>(text.size()));
        file.close();
        if (!file) {
            const std::string answer = std::system_category().message(errno);
            std::filesystem::remove(fresh, error);
            return refuse(answer);
        }
    }
    std::filesystem::rename(fresh, path, error);
    if (error) {
        std::error_code ignored;
        std::filesystem::remove(fresh, ignored);
        return refuse(error.message());
    }
    return ok();
}

}  // namespace ordeal::reports
