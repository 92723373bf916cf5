#include "verifier/user_oracle.hpp"

#include "core/random.hpp"
#include "core/wire_mark.hpp"
#include "verifier/scratch.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace ordeal::verifier {
namespace {

namespace fs = std::filesystem;
using namespace crash;  // NOLINT(google-build-using-namespace)

constexpr std::size_t words_told = 300;
constexpr Duration tool_deadline = std::chrono::minutes(1);

std::string shortened(std::string words) {
    std::ranges::replace(words, '\n', ' ');
    if (words.size() > words_told) {
        words.resize(words_told);
        words += "…";
    }
    return words;
}

class Session {
  public:
    Session(Tools& tools, const Trace& trace, const UserOracleOptions& options)
        : tools_(tools), trace_(trace), options_(options), random_(options.seed) {}

    [[nodiscard]] bool usable() const { return !scratch_.path().empty(); }

    /// One state of the instant; `base` holds what is certain.
    Status show(const BaseImage& base, const CrashInstant& instant, UserOracleReport& report) {
        StateId id{trace_.name, instant.number, {}};
        std::vector<std::byte> bytes(base.bytes().begin(), base.bytes().end());
        for (std::uint32_t index = 0; index < instant.atoms.size(); ++index) {
            const auto& atom = instant.atoms[index];
            const auto chosen = choose(atom.alternatives(), report.shown);
            if (chosen != 0) {
                id.decided.emplace_back(index, chosen);
            }
            for (std::size_t at = 0; at < atom.sectors.size(); ++at) {
                std::copy_n(
                    atom.content(chosen, at),
                    sector_size,
                    bytes.begin() + static_cast<std::ptrdiff_t>(atom.sectors[at] * sector_size));
            }
        }
        ++report.shown;
        auto words = judge(bytes, instant.event);
        if (!words) {
            return words.error();
        }
        if (!words->empty()) {
            report.bad.push_back({std::move(id), instant.time, shortened(std::move(*words))});
        }
        return ok();
    }

  private:
    std::uint32_t choose(std::size_t alternatives, std::uint64_t turn) {
        const auto drawn = static_cast<std::uint32_t>(random_.next() % alternatives);
        return turn % 3 == 0   ? 0
               : turn % 3 == 1 ? static_cast<std::uint32_t>(alternatives - 1)
                               : drawn;
    }

    /// What is wrong; empty: nothing.
    Result<std::string> judge(const std::vector<std::byte>& bytes, std::size_t event) {
        const auto image = scratch_.path() / "state.img";
        const auto tree = scratch_.path() / "tree";
        const auto marks = scratch_.path() / "marks";
        std::error_code error;
        fs::remove_all(tree, error);
        fs::create_directory(tree, error);
        std::ofstream file(image, std::ios::binary | std::ios::trunc);
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        file.close();
        if (!file || error) {
            return fail(ErrorKind::unavailable, "write " + image.string(), "no space?");
        }
        write_marks(marks, event);
        const auto recovered = tools_.run({"e2fsck", "-fp", image.string()}, tool_deadline);
        if (!recovered) {
            return recovered.error();
        }
        // 4: errors left; from 8 on it is e2fsck that failed, see e2fsck(8).
        if (recovered->exit_code >= 8) {
            return fail(ErrorKind::unavailable, "recover a state for the oracle", recovered->err);
        }
        if (recovered->exit_code >= 4) {
            return "e2fsck cannot recover it: " + recovered->out + recovered->err;
        }
        const auto extracted = tools_.run(
            {"debugfs", "-R", "rdump / " + tree.string(), image.string()}, tool_deadline);
        if (!extracted) {
            return extracted.error();
        }
        if (extracted->exit_code != 0) {
            return fail(ErrorKind::unavailable, "extract a state for the oracle", extracted->err);
        }
        std::vector<std::string> argv{"env",
                                      "ORDEAL_TREE=" + tree.string(),
                                      "ORDEAL_IMAGE=" + image.string(),
                                      "ORDEAL_MARKS=" + marks.string()};
        argv.insert(argv.end(), options_.command.begin(), options_.command.end());
        const auto said = tools_.run(argv, options_.deadline);
        if (!said) {
            return said.error();
        }
        if (said->exit_code == 126 || said->exit_code == 127) {  // env(1), sh(1): not run at all
            return fail(ErrorKind::missing, "run the oracle", said->err);
        }
        return said->exit_code == 0
                   ? std::string()
                   : "exit code " + std::to_string(said->exit_code) + ": " + said->out + said->err;
    }

    void write_marks(const fs::path& path, std::size_t event) {
        std::ofstream file(path, std::ios::trunc);
        for (std::size_t index = 0; index < std::min(event, trace_.events.size()); ++index) {
            const auto& each = trace_.events[index];
            if (each.type != EventType::mark || ledger::decode_mark(each.data)) {
                continue;
            }
            const std::string_view text(reinterpret_cast<const char*>(each.data.data()),
                                        each.data.size());
            file << text.substr(0, text.find_first_of(std::string_view("\0\n", 2))) << '\n';
        }
    }

    Tools& tools_;
    const Trace& trace_;
    const UserOracleOptions& options_;
    Random random_;
    Scratch scratch_;
};

}  // namespace

Result<UserOracleReport> consult(Tools& tools,
                                 const Trace& trace,
                                 const std::vector<std::byte>& base,
                                 const CrashRules& rules,
                                 const UserOracleOptions& options) {
    Session session(tools, trace, options);
    if (!session.usable()) {
        return fail(ErrorKind::unavailable, "make a scratch directory", "mkdtemp failed");
    }
    UserOracleReport report;
    {
        BaseImage image(base);
        CrashModel model(trace, image, rules);
        while (model.skip()) {
            ++report.instants;
        }
    }
    const auto end = std::chrono::steady_clock::now() + options.budget;
    BaseImage image(base);
    CrashModel model(trace, image, rules);
    for (std::uint64_t index = 0; index < report.instants; ++index) {
        // So many up to here that they are spread evenly; a long trace has some without any.
        const auto due = (index + 1) * options.states / report.instants;
        if (due <= report.shown) {
            model.skip();
            continue;
        }
        const auto* instant = model.next();
        while (instant != nullptr && report.shown < due) {
            if (options.stop.stop_requested() || std::chrono::steady_clock::now() > end) {
                return report;
            }
            if (auto shown = session.show(image, *instant, report); !shown) {
                return shown.error();
            }
        }
    }
    return report;
}

}  // namespace ordeal::verifier
