#include "cli/progress.hpp"

#include "cli/terminal.hpp"

#include <cstdio>

namespace ordeal::cli {
namespace {

class TerminalProgress final : public Progress {
  public:
    explicit TerminalProgress(const reports::TerminalStyle& style) : live_(style, write) {}

    void run_started(const RunRecord& run) override { live_.run_started(run); }

    void trial_started(const TrialRecord& trial, int /*slot*/) override {
        live_.trial_started(trial);
    }

    void phase_started(std::int64_t trial, std::string_view name) override {
        live_.phase_started(trial, name);
    }

    void trial_finished(const TrialRecord& trial) override { live_.trial_finished(trial); }

    void stopping(const std::string& reason) override { live_.stopping(reason); }

    void run_finished(const RunRecord& /*run*/) override { live_.run_finished(); }

  private:
    static void write(std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stderr);
        std::fflush(stderr);
    }

    reports::LiveProgress live_;
};

}  // namespace

std::unique_ptr<Progress> make_progress(const CommonOptions& common) {
    return std::make_unique<TerminalProgress>(style_for(common, Stream::err));
}

}  // namespace ordeal::cli
