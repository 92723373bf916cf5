#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ordeal::browser {

/// The browser on this machine, if there is one.
[[nodiscard]] std::optional<std::filesystem::path> find_chromium();

/// A headless Chromium with one page, steered over its debugging pipe (Chrome DevTools Protocol:
/// JSON messages, each ended by a NUL, on the descriptors 3 and 4). Ends with its owner; its
/// profile lives in a directory of its own and goes with it. Throws std::runtime_error when the
/// browser does not answer in time.
class Browser {
  public:
    explicit Browser(const std::filesystem::path& program);
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;
    ~Browser();

    /// Loads the file and waits until it has been painted; the time from the start of the
    /// navigation until then.
    std::chrono::duration<double> open(const std::filesystem::path& file);
    /// The value of a JavaScript expression in the page; a promise is waited for.
    nlohmann::json evaluate(const std::string& expression);
    void resize(int width, int height);

    /// Errors that the page reported since it was opened, and what it asked for beside itself.
    [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

  private:
    nlohmann::json call(const std::string& method, nlohmann::json params);
    nlohmann::json receive();
    void note(const nlohmann::json& event);

    std::filesystem::path profile_;
    int to_browser_ = -1;
    int from_browser_ = -1;
    pid_t pid_ = -1;
    int last_id_ = 0;
    bool loaded_ = false;
    std::string session_;
    std::string page_;
    std::string buffer_;
    std::vector<std::string> complaints_;
};

}  // namespace ordeal::browser
