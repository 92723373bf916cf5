#include "core/check.hpp"

#include <algorithm>

namespace ordeal {

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::fail:
            return "fail";
        case Verdict::inconclusive:
            return "inconclusive";
    }
    return "inconclusive";
}

Verdict verdict_from(std::string_view name) {
    if (name == "pass") {
        return Verdict::pass;
    }
    return name == "fail" ? Verdict::fail : Verdict::inconclusive;
}

Verdict combine(const std::vector<Verdict>& verdicts) {
    if (std::ranges::find(verdicts, Verdict::fail) != verdicts.end()) {
        return Verdict::fail;
    }
    const bool all_pass =
        std::ranges::all_of(verdicts, [](Verdict verdict) { return verdict == Verdict::pass; });
    return all_pass && !verdicts.empty() ? Verdict::pass : Verdict::inconclusive;
}

Status Check::examine(ExamineContext& /*context*/,
                      const Specimen& /*specimen*/,
                      const Params& /*params*/) const {
    return ok();
}

}  // namespace ordeal
