#pragma once

#include "testbed/site/remote_shell.hpp"

#include <filesystem>
#include <string>
#include <thread>

namespace ordeal {

/// Copies what is written to a file of another host from now on into a local one, a few times a
/// second, until it goes. While the host does not answer nothing comes.
class RemoteConsole {
  public:
    /// `copy` is made empty. `shell` must outlive it.
    RemoteConsole(RemoteShell& shell, std::filesystem::path file, std::filesystem::path copy);

  private:
    void follow(const std::stop_token& stop);

    RemoteShell& shell_;
    std::filesystem::path file_;
    std::filesystem::path copy_;
    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace ordeal
