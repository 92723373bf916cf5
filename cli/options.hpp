#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ordeal::cli {

enum class ColorMode { automatic, always, never };

/// Options that every verb understands.
struct CommonOptions {
    ColorMode color = ColorMode::automatic;
    bool json = false;     ///< machine-readable answer on standard output
    bool verbose = false;  ///< log commands and phases on standard error
};

struct ValidateOptions {
    std::vector<std::filesystem::path> files;
    std::filesystem::path testbed;  ///< file of a real site; empty: the lab
};

/// Shared by `plan` and `run`: what is to be run.
struct SelectionOptions {
    std::vector<std::filesystem::path> files;
    std::filesystem::path testbed;  ///< file of a real site; empty: the lab
    std::optional<std::uint64_t> seed;
    std::optional<int> trials;
    std::vector<std::string> only;  ///< experiment names
};

struct RunOptions {
    SelectionOptions selection;
    bool dry_run = false;                   ///< validate, plan, check the needs; start nothing
    std::filesystem::path out;              ///< run directory; empty: a new one below .ordeal/runs
    std::string lab;                        ///< a lab that is up; empty: one of the run's own
    int slots = 0;                          ///< trials at once; 0: as many as the machine has cores
    std::vector<std::string> command_line;  ///< for the report, as it was typed
    bool keep = false;                      ///< keep the evidence of passed trials too
};

struct ReportOptions {
    std::filesystem::path run;  ///< run directory; default the newest
    std::vector<std::string> formats;
    std::filesystem::path out;  ///< where to; empty: into the run directory
};

/// Faults against observers, over all trials of some runs.
struct MatrixOptions {
    std::vector<std::filesystem::path> runs;  ///< run directories; empty: the newest
    std::string within = "5s";                ///< after this, noticing is too late
    std::filesystem::path out;                ///< where to; empty: into the first run's directory
};

struct ListOptions {
    std::string what;   ///< faults | probes | checks | experiments | runs
    bool here = false;  ///< faults: say of each whether this machine's lab can do it
};

struct DescribeOptions {
    std::string kind;
};

struct LabOptions {
    std::string action;  ///< up | down | status | shell
    std::string name = "default";
    int nodes = 1;
    std::string node = "n1";
    std::vector<std::string> command;  ///< for shell; empty: an interactive one
};

/// Explores a recorded run, or rebuilds one state of it.
struct ExploreOptions {
    std::filesystem::path trace;
    std::filesystem::path base;  ///< the disk before the recording
    std::string fault = "power-cut";
    std::string cache = "writeback";
    std::string format = "raw";
    std::string damage = "none";
    std::uint32_t lying_flushes = 0;
    bool preallocated = false;
    unsigned workers = 0;               ///< 0: one a core
    std::uint64_t max_runs = 20'000;    ///< for one instant
    std::string budget;                 ///< a duration; empty: 10 minutes
    bool referee = true;                ///< show e2fsck every unique recovered image
    unsigned recovery_depth = 1;        ///< how many recoveries in a row a crash may cut
    std::uint64_t raw_sample = 50;      ///< and every so many-th raw one; 0: none
    std::string filesystem = "ext";     ///< other than that: sampled, judged by the kernel
    std::uint64_t states = 200;         ///< of the sample
    std::filesystem::path export_log;   ///< write the trace as a dm-log-writes log instead
    std::string state;                  ///< rebuild this one instead
    std::filesystem::path write_image;  ///< to here
    std::string oracle;                 ///< a shell command that judges states; empty: none
    std::uint64_t oracle_states = 200;  ///< that it is shown
    // Reports as files, in formats as those of a run; empty: none.
    std::filesystem::path html;
    std::filesystem::path junit;
    std::filesystem::path json_report;
    std::filesystem::path markdown;
};

struct DoctorOptions {
    std::filesystem::path testbed;  ///< look at this site's doors; empty: at this machine
};

struct RollbackOptions {
    std::filesystem::path run;  ///< run directory; empty: every run that left something open
};

/// Hidden: the process that rolls back when its controller dies; its standard input tells.
struct GuardianOptions {
    std::filesystem::path journal;
};

}  // namespace ordeal::cli
