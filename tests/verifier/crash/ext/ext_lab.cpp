#include "tests/verifier/crash/ext/ext_lab.hpp"

#include "tests/verifier/image_lab.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <stdexcept>

namespace ordeal::verifier::crash::ext::testing {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, std::size_t size) {
    std::ofstream file(path, std::ios::binary);
    for (std::size_t at = 0; at < size; ++at) {
        file.put(static_cast<char>('a' + at % 23));
    }
}

void fill(const fs::path& root) {
    fs::create_directories(root / "a" / "b" / "c");
    fs::create_directories(root / "big");
    fs::create_directories(root / "files");
    for (int file = 0; file < 120; ++file) {
        write(root / "big" / fmt::format("a_name_of_some_length_{}", file), 10);
    }
    for (int file = 0; file < 12; ++file) {
        write(root / "files" / fmt::format("f{}", file), static_cast<std::size_t>(file) * 3100);
    }
    write(root / "files" / "large", 700000);
    std::ofstream(root / "files" / "sparse") << "start";
    fs::resize_file(root / "files" / "sparse", 9000000);
    std::ofstream(root / "files" / "sparse", std::ios::app) << "end";
    fs::create_symlink("short", root / "a" / "fast");
    fs::create_symlink(std::string(150, 'x'), root / "a" / "slow");
    fs::create_hard_link(root / "files" / "f1", root / "a" / "b" / "second");
}

/// Everything is in flight and has but one content: only the order of decisions is of interest.
class Recording : public InFlight {
  public:
    explicit Recording(const BaseImage& base) : base_(base) {}

    Possible decide(std::uint64_t sector) override {
        order.push_back(sector);
        return {base_.sector(sector), base_.stamp(sector)};
    }

    std::span<const Possible> possible(std::uint64_t /*sector*/) const override { return {}; }

    std::uint64_t atom(std::uint64_t sector) const override { return sector; }

    std::vector<std::uint64_t> order;

  private:
    const BaseImage& base_;
};

}  // namespace

ExtLab::ExtLab() {
    // The tools sync what they write; where nothing is kept, that costs nothing.
    const fs::path memory = "/dev/shm";
    const auto parent = fs::is_directory(memory) ? memory : fs::temp_directory_path();
    auto name = (parent / "ordeal-ext-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("mkdtemp " + name);
    }
    directory_ = name;
    fill(directory_ / "root");
}

ExtLab::~ExtLab() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

fs::path ExtLab::make(const std::string& size, const std::vector<std::string>& options) {
    const auto image = file(fmt::format("{}.img", made_++));
    std::vector<std::string> argv{"mke2fs", "-q", "-F", "-d", file("root").string()};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {image.string(), size});
    ordeal::testing::RealTools tools;
    const auto done = tools.run(argv, std::chrono::minutes(1));
    if (!done || done->exit_code != 0) {
        throw std::runtime_error("mke2fs: " + (done ? done->err : done.error().text()));
    }
    debugfs(image,
            {"ea_set /files/f2 user.small value",
             "ea_set /files/f3 user.large " + std::string(400, 'v')});
    // Gives large directories their hash trees.
    if (e2fsck({"-fyD"}, image) > 1 || e2fsck({"-fn"}, image) != 0) {
        throw std::runtime_error("e2fsck does not like a new filesystem");
    }
    return image;
}

std::string ExtLab::debugfs(const fs::path& image, const std::vector<std::string>& commands) {
    const auto script = file("commands");
    {
        std::ofstream out(script);
        for (const auto& command : commands) {
            out << command << '\n';
        }
    }
    ordeal::testing::RealTools tools;
    const auto done = tools.run({"debugfs", "-w", "-f", script.string(), image.string()},
                                std::chrono::minutes(1));
    if (!done || done->exit_code != 0) {
        throw std::runtime_error("debugfs: " + (done ? done->err : done.error().text()));
    }
    return done->out;
}

int ExtLab::e2fsck(const std::vector<std::string>& options, const fs::path& image) {
    std::vector<std::string> argv{"e2fsck"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(image.string());
    ordeal::testing::RealTools tools;
    const auto done = tools.run(argv, std::chrono::minutes(1));
    if (!done) {
        throw std::runtime_error(done.error().text());
    }
    return done->exit_code;
}

const std::vector<std::vector<std::string>>& variants() {
    static const std::vector<std::vector<std::string>> all{
        {"-t", "ext3", "-b", "1024"},
        {"-t", "ext3", "-b", "4096"},
        {"-t", "ext3", "-b", "2048", "-I", "128"},
        {"-t", "ext3", "-b", "1024", "-O", "^dir_index,^resize_inode,^filetype"},
        {"-t", "ext4", "-b", "1024"},
        {"-t", "ext4", "-b", "4096"},
        {"-t", "ext4", "-b", "1024", "-O", "^metadata_csum,uninit_bg,^64bit"},
        {"-t", "ext2", "-b", "1024"}};
    return all;
}

Bytes load(const fs::path& path) {
    Bytes bytes(fs::file_size(path));
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

void save(const fs::path& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

Finding examine(const Bytes& image) {
    const BaseImage base(image);
    ImageView view(base);
    Reader reader;
    return reader.examine(view);
}

Bytes recovered(const Bytes& image) {
    const BaseImage base(image);
    ImageView view(base);
    Reader reader;
    (void)reader.examine(view);
    reader.write_back();
    auto bytes = image;
    for (const auto& step : view.steps()) {
        for (const auto& write : step.writes) {
            std::copy_n(write.after,
                        sector_size,
                        bytes.begin() + static_cast<std::ptrdiff_t>(write.number * sector_size));
        }
    }
    return bytes;
}

std::vector<std::uint64_t> sectors_read(const Bytes& image, const Bytes* before) {
    Reader reader;
    if (before != nullptr) {
        const BaseImage base(*before);
        ImageView view(base);
        (void)reader.examine(view);
    }
    const BaseImage base(image);
    Recording recording(base);
    ImageView view(base, &recording);
    for (std::uint64_t sector = 0; sector < base.sectors(); ++sector) {
        view.mark_in_flight(sector);
    }
    (void)reader.examine(view);
    return recording.order;
}

}  // namespace ordeal::verifier::crash::ext::testing
