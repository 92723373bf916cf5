#include "verifier/specimen_copies.hpp"

#include "verifier/sparse_copy.hpp"

#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

namespace ordeal::verifier {
namespace {

namespace fs = std::filesystem;

/// e2fsck(8): 16 usage, 32 cancelled, 128 shared library. Below that it has seen the filesystem.
constexpr int could_not_work = 16;

/// Excludes other checks while one makes a copy. Between threads too: flock(2) locks belong to the
/// open file, not to the process.
class Lock {
  public:
    explicit Lock(const fs::path& path)
        : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }

    ~Lock() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    [[nodiscard]] bool held() const { return fd_ >= 0; }

  private:
    int fd_;
};

/// The log beside a copy says that the copy is complete: "exit code <n>" and then the words.
constexpr std::string_view log_head = "exit code ";

bool read_log(const fs::path& path, PreparedCopy& copy) {
    std::ifstream file(path);
    std::stringstream all;
    all << file.rdbuf();
    const auto text = all.str();
    const auto line = text.find('\n');
    if (!text.starts_with(log_head) || line == std::string::npos) {
        return false;
    }
    std::from_chars(text.data() + log_head.size(), text.data() + line, copy.exit_code);
    copy.words = text.substr(line + 1);
    return true;
}

Status write_log(const fs::path& path, const PreparedCopy& copy) {
    std::ofstream file(path, std::ios::trunc);
    file << log_head << copy.exit_code << '\n' << copy.words;
    file.close();
    if (file.fail()) {
        return fail(ErrorKind::unavailable,
                    "write " + path.string(),
                    std::system_category().message(errno));
    }
    return ok();
}

Result<PreparedCopy> prepare(ExamineContext& context,
                             const Specimen& specimen,
                             const std::string& name,
                             const std::string& option) {
    const auto stem = fmt::format("{}-{}.{}", specimen.domain, specimen.disk.name, name);
    const auto image = context.directory / (stem + ".img");
    const auto log = context.directory / (stem + ".log");
    const Lock lock(context.directory / (stem + ".lock"));
    if (!lock.held()) {
        return fail(ErrorKind::unavailable,
                    "lock " + stem + " in " + context.directory.string(),
                    std::system_category().message(errno));
    }
    PreparedCopy copy{image, 0, {}};
    if (read_log(log, copy)) {
        return copy;
    }
    if (auto copied = copy_sparse(specimen.image, image); !copied) {
        return copied.error();
    }
    auto checked = run_e2fsck(context.tools, option, image);
    if (!checked) {
        return checked;
    }
    if (auto written = write_log(log, checked.value()); !written) {
        return written.error();
    }
    return checked;
}

}  // namespace

std::string shortened(const std::string& words) {
    constexpr std::size_t half = 2048;
    if (words.size() <= 2 * half) {
        return words;
    }
    return words.substr(0, half) + "\n…\n" + words.substr(words.size() - half);
}

Result<PreparedCopy> run_e2fsck(Tools& tools, const std::string& option, const fs::path& image) {
    auto run = tools.run({"e2fsck", option, image.string()}, tool_deadline);
    if (!run) {
        return run.error();
    }
    if (run->exit_code >= could_not_work || run->exit_code < 0) {
        return fail(ErrorKind::unavailable,
                    fmt::format("run e2fsck {} on {}", option, image.string()),
                    fmt::format("exit code {}: {}", run->exit_code, shortened(run->err)));
    }
    return PreparedCopy{image, run->exit_code, shortened(run->out + run->err)};
}

Result<PreparedCopy> replayed_copy(ExamineContext& context, const Specimen& specimen) {
    return prepare(context, specimen, "replayed", "-p");
}

Result<PreparedCopy> repaired_copy(ExamineContext& context, const Specimen& specimen) {
    return prepare(context, specimen, "repaired", "-fy");
}

}  // namespace ordeal::verifier
