// Damages real ext3 and ext4 images and examines them. The input is a list of changes: which image,
// then five bytes each: where among the sectors that matter, where in the sector, what to do, with
// what. Run as  ext_fuzz CORPUS -max_len=256 --images=DIRECTORY . Without images it examines the
// input itself. A reader that saw other images before must come to the same findings as a new one.
#include "verifier/crash/ext/names.hpp"
#include "verifier/crash/ext/reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

namespace {

using namespace ordeal::verifier::crash;

/// Notes what is read; everything has one content.
class Noting : public InFlight {
  public:
    explicit Noting(const BaseImage& base) : base_(base) {}

    Possible decide(std::uint64_t sector) override {
        sectors.push_back(sector);
        return {base_.sector(sector), base_.stamp(sector)};
    }

    std::span<const Possible> possible(std::uint64_t /*sector*/) const override { return {}; }

    std::uint64_t atom(std::uint64_t sector) const override { return sector; }

    std::vector<std::uint64_t> sectors;

  private:
    const BaseImage& base_;
};

struct Image {
    explicit Image(std::vector<std::byte> content) : whole(content), base(std::move(content)) {
        Noting noting(base);
        ImageView view(base, &noting);
        for (std::uint64_t sector = 0; sector < base.sectors(); ++sector) {
            view.mark_in_flight(sector);
        }
        (void)ext::Reader().examine(view);
        sectors = std::move(noting.sectors);
        std::erase_if(sectors, [&](std::uint64_t sector) {
            const auto* bytes = base.sector(sector);
            return std::all_of(
                bytes, bytes + sector_size, [](std::byte b) { return b == std::byte{0}; });
        });
    }

    std::vector<std::byte> whole;
    BaseImage base;
    std::vector<std::uint64_t> sectors;  ///< that an examination reads and that hold something
};

std::vector<std::unique_ptr<Image>>& images() {
    static std::vector<std::unique_ptr<Image>> all;
    return all;
}

void read_files(ext::Reader& reader) {
    const ext::Names names(reader);
    for (const auto& named : names.all(1000)) {
        std::array<std::byte, 700> bytes{};
        (void)names.read(named.inode, named.size / 2, bytes);
    }
}

enum class With { one_reader, two_readers };

/// With a second, new reader it takes five times as long: some inputs are enough for that.
void check(ImageView& view, ext::Reader& kept, With with) {
    const auto found = kept.examine(view);
    if (with == With::two_readers && ext::Reader().examine(view).verdict != found.verdict) {
        std::abort();
    }
    (void)kept.problems();
    const bool sound = found.verdict == ext::Structure::Verdict::sound;
    if (sound) {
        read_files(kept);
    }
    kept.write_back();
    if (!sound) {
        return;
    }
    const auto recovered = kept.examine(view);
    if (recovered.verdict != found.verdict || recovered.metadata != found.metadata) {
        std::abort();
    }
}

void apply(std::byte* sector, const std::uint8_t* change, const Image& image) {
    const std::size_t at = (change[2] | (change[3] & 1U) << 8U) & 511U;
    const std::byte value{change[4]};
    switch (change[3] >> 1U & 7U) {
        case 0:
            sector[at] ^= value;
            break;
        case 1:
            std::memset(sector + at, change[4], std::min<std::size_t>(4, sector_size - at));
            break;
        case 2:
            std::memcpy(
                sector,
                image.whole.data() + image.sectors[change[4] % image.sectors.size()] * sector_size,
                sector_size);
            break;
        default:
            sector[at] = value;
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    constexpr std::string_view option = "--images=";
    for (int index = 1; index < *argc; ++index) {
        const std::string_view argument = (*argv)[index];
        if (!argument.starts_with(option)) {
            continue;
        }
        for (const auto& entry :
             std::filesystem::directory_iterator(argument.substr(option.size()))) {
            std::vector<std::byte> bytes(entry.file_size());
            std::ifstream(entry.path(), std::ios::binary)
                .read(reinterpret_cast<char*>(bytes.data()),
                      static_cast<std::streamsize>(bytes.size()));
            images().push_back(std::make_unique<Image>(std::move(bytes)));
        }
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static ext::Reader kept;
    if (images().empty()) {
        const auto bytes = std::as_bytes(std::span(data, size));
        const BaseImage base({bytes.begin(), bytes.end()});
        ImageView view(base);
        check(view, kept, With::two_readers);
        return 0;
    }
    if (size == 0) {
        return 0;
    }
    auto& image = *images()[data[0] % images().size()];
    std::vector<std::uint64_t> touched;
    for (std::size_t at = 1; at + 5 <= size; at += 5) {
        const auto index = static_cast<std::size_t>(data[at] | data[at + 1] << 8U);
        const auto sector = image.sectors[index % image.sectors.size()];
        std::array<std::byte, sector_size> content{};
        std::copy_n(image.base.sector(sector), sector_size, content.begin());
        apply(content.data(), data + at, image);
        image.base.put(sector, content.data());
        touched.push_back(sector);
    }
    {
        ImageView view(image.base);
        check(view, kept, size % 8 == 0 ? With::two_readers : With::one_reader);
    }
    for (const auto sector : touched) {
        image.base.put(sector, image.whole.data() + sector * sector_size);
    }
    return 0;
}
