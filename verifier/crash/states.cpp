#include "verifier/crash/states.hpp"

#include "verifier/crash/recovery_crash.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace ordeal::verifier::crash {
namespace {

/// Takes a number off the front of `text`; false when there is none.
template <class T>
bool take(std::string_view& text, T& into, int radix = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, radix);
    if (error != std::errc{}) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, char letter) {
    if (text.empty() || text.front() != letter) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::string StateId::text() const {
    auto text = fmt::format("{:016x}.{}", trace, instant);
    for (const auto& [atom, alternative] : decided) {
        text += fmt::format(".{}-{}", atom, alternative);
    }
    for (const auto& [step, applied] : recoveries) {
        text += fmt::format("/{}", step);
        for (const auto sector : applied) {
            text += fmt::format(".{}", sector);
        }
    }
    return text;
}

Result<StateId> parse_state_id(std::string_view text) {
    const auto wrong = [whole = std::string(text)] {
        return fail(ErrorKind::usage,
                    "read the state id '" + whole + "'",
                    "it is none",
                    "copy it from the report: <trace>.<instant>.<atom>-<alternative>…");
    };
    StateId id;
    if (!take(text, id.trace, 16) || !take(text, '.') || !take(text, id.instant)) {
        return wrong();
    }
    while (!text.empty() && text.front() != '/') {
        auto& [atom, alternative] = id.decided.emplace_back();
        if (!take(text, '.') || !take(text, atom) || !take(text, '-') || !take(text, alternative)) {
            return wrong();
        }
        if (id.decided.size() > 1 && id.decided[id.decided.size() - 2].first >= atom) {
            return wrong();
        }
    }
    while (!text.empty()) {
        auto& [step, applied] = id.recoveries.emplace_back();
        if (!take(text, '/') || !take(text, step)) {
            return wrong();
        }
        while (!text.empty() && text.front() == '.') {
            text.remove_prefix(1);
            if (!take(text, applied.emplace_back()) ||
                (applied.size() > 1 && applied[applied.size() - 2] >= applied.back())) {
                return wrong();
            }
        }
    }
    return id;
}

Status check_base(const Trace& trace, const std::vector<std::byte>& base) {
    const auto refuse = [](std::string_view answer) {
        return fail(ErrorKind::corrupt,
                    "explore the trace",
                    std::string(answer),
                    "give the copy of the disk that the recorder made at its start");
    };
    if (base.size() != trace.header.disk_size) {
        return refuse("the base image has another size than the recorded disk");
    }
    if (trace.header.base_stamp != 0 && sparse_stamp(base) != trace.header.base_stamp) {
        return refuse("the base image is not the disk as it was when the recording began");
    }
    return ok();
}

FixedState::FixedState(const CrashInstant& instant, std::vector<std::uint32_t> alternatives) {
    for (std::size_t index = 0; index < instant.atoms.size(); ++index) {
        const auto& atom = instant.atoms[index];
        const std::size_t wanted = index < alternatives.size() ? alternatives[index] : 0;
        const auto alternative = wanted < atom.alternatives() ? wanted : 0;
        for (std::size_t position = 0; position < atom.sectors.size(); ++position) {
            fixed_[atom.sectors[position]] = {atom.content(alternative, position)};
        }
    }
}

void FixedState::mark(ImageView& view) const {
    for (const auto& [sector, content] : fixed_) {
        view.mark_in_flight(sector);
    }
}

Result<std::vector<std::byte>> build_image(const Trace& trace,
                                           std::vector<std::byte> base,
                                           const CrashRules& rules,
                                           const StateId& id,
                                           Engine* engine) {
    const auto tried = "build the state " + id.text();
    if (id.trace != trace.name) {
        return fail(ErrorKind::usage, tried, "it belongs to another trace");
    }
    BaseImage image(std::move(base));
    CrashModel model(trace, image, rules);
    const CrashInstant* instant = nullptr;
    for (std::size_t number = 0; number < id.instant; ++number) {
        if (!model.skip()) {
            break;
        }
    }
    instant = model.next();
    if (instant == nullptr || instant->number != id.instant) {
        return fail(ErrorKind::usage, tried, "the trace has no such instant under these rules");
    }
    std::vector<std::byte> bytes(image.bytes().begin(), image.bytes().end());
    const auto put = [&](const Atom& atom, std::size_t alternative) {
        for (std::size_t position = 0; position < atom.sectors.size(); ++position) {
            std::copy_n(
                atom.content(alternative, position),
                sector_size,
                bytes.begin() + static_cast<std::ptrdiff_t>(atom.sectors[position] * sector_size));
        }
    };
    for (const auto& atom : instant->atoms) {
        put(atom, 0);
    }
    for (const auto& [index, alternative] : id.decided) {
        if (index >= instant->atoms.size() || alternative >= instant->atoms[index].alternatives()) {
            return fail(ErrorKind::usage, tried, "no such atom or alternative at this instant");
        }
        put(instant->atoms[index], alternative);
    }
    for (const auto& point : id.recoveries) {
        if (engine == nullptr ||
            !cut_recovery(*engine, point, trace.header.atom / sector_size, bytes)) {
            return fail(ErrorKind::usage, tried, "no recovery of it has such a step");
        }
    }
    return bytes;
}

}  // namespace ordeal::verifier::crash
