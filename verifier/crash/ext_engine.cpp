#include "verifier/crash/ext_engine.hpp"

#include "verifier/crash/ext/names.hpp"
#include "verifier/crash/ext/reader.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

namespace ordeal::verifier::crash {
namespace {

using SectorBytes = std::array<std::byte, sector_size>;

class ExtEngine final : public Engine {
  public:
    Verdict examine(ImageView& view) override {
        limit_ = view.size();
        finding_ = reader_.examine(view);
        switch (finding_.verdict) {
            case ext::Structure::Verdict::sound:
                return Verdict::sound;
            case ext::Structure::Verdict::broken:
                return Verdict::broken;
            case ext::Structure::Verdict::beyond_us:
                break;
        }
        return Verdict::beyond_us;
    }

    std::vector<std::string> problems(std::size_t most) override {
        std::vector<std::string> words;
        for (const auto& problem : reader_.problems(most)) {
            words.push_back(problem.text());
        }
        return words;
    }

    std::uint64_t content() override { return finding_.metadata; }

    const std::vector<FileMap>& files(const std::string& directory) override {
        auto& [maps, runs, literal] = directories_[directory];
        literal.clear();
        const ext::Names names(reader_);
        const auto found = names.find(directory);
        std::size_t count = 0;
        if (found && found->type == ext::FileType::directory) {
            for (const auto& entry : names.list(found->inode)) {
                if (entry.type != ext::FileType::regular || entry.size > limit_) {
                    continue;
                }
                if (count == maps.size()) {
                    maps.emplace_back();
                    runs.emplace_back();
                }
                remap(names, entry, maps[count], runs[count], literal);
                ++count;
            }
        }
        maps.resize(count);
        runs.resize(count);
        return maps;
    }

    void write_back() override { reader_.write_back(); }

  private:
    /// What was mapped last, and from what. Most files are what they were in the run before.
    struct Directory {
        std::vector<FileMap> maps;
        std::vector<std::vector<ext::Run>> runs;  ///< of each map; empty: do not use it again
        std::deque<SectorBytes> literal;          ///< what is not a sector of the view as it is
    };

    static void remap(const ext::Names& names,
                      const ext::Named& file,
                      FileMap& map,
                      std::vector<ext::Run>& runs,
                      std::deque<SectorBytes>& literal) {
        const auto* plain = names.plain_runs(file.inode);
        if (plain != nullptr && !runs.empty() && *plain == runs && map.size == file.size) {
            map.name = file.path;
            return;
        }
        map = make_map(names, file, literal);
        runs = plain == nullptr ? std::vector<ext::Run>{} : *plain;
    }

    static FileMap make_map(const ext::Names& names,
                            const ext::Named& file,
                            std::deque<SectorBytes>& literal) {
        static const SectorBytes hole{};
        FileMap map{file.path, file.size, {}};
        map.sectors.assign((file.size + sector_size - 1) / sector_size, {0, hole.data()});
        for (const auto& piece : names.pieces(file.inode, 0, file.size)) {
            auto& sector = map.sectors[piece.offset / sector_size];
            if (!piece.sector) {
                continue;
            }
            if (piece.escaped || piece.within != 0 || piece.offset % sector_size != 0) {
                auto& bytes = literal.emplace_back();
                (void)names.read(file.inode, piece.offset / sector_size * sector_size, bytes);
                sector = {0, bytes.data()};
            } else {
                sector = {*piece.sector, nullptr};
            }
        }
        return map;
    }

    ext::Reader reader_;
    ext::Finding finding_;
    std::uint64_t limit_ = 0;
    std::map<std::string, Directory> directories_;
};

}  // namespace

std::unique_ptr<Engine> ext_engine() {
    return std::make_unique<ExtEngine>();
}

}  // namespace ordeal::verifier::crash
