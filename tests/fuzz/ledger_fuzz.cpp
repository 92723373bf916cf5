// Arbitrary file contents under arbitrary plans: a scan must stay within bounds and must not find
// an intact record that the plan did not write.
#include "core/wire_ledger.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ordeal::ledger;
    if (size < 4) {
        return 0;
    }
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(4);
    Plan plan;
    plan.profile = static_cast<Profile>(data[0] % 3);
    plan.run = 1;
    plan.record_size = plan.profile == Profile::overwrite_direct ? 4096 : 512U * (1U + data[1] % 4);
    plan.writers = 1U + data[2] % 4;
    plan.slots = plan.writers * (1U + data[3] % 4);
    if (!validate(plan)) {
        std::abort();
    }
    const auto found = scan(plan, std::vector<File>{{file_of(plan, 1), bytes}});
    for (const auto sequence : found.intact()) {
        ordeal::wire::Buffer expected(plan.record_size);
        fill_record(plan, sequence, expected);
        if (!std::ranges::equal(expected,
                                bytes.subspan(offset_of(plan, sequence), plan.record_size))) {
            std::abort();
        }
    }
    const auto judgement = judge(plan, std::vector<std::uint64_t>{1, 2, 3}, found);
    if (judgement.lost.size() > judgement.required) {
        std::abort();
    }
    return 0;
}
