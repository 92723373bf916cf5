#pragma once

#include "core/check.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace ordeal::verifier {

/// Records what `check` found out about the specimen's domain, for its judge().
inline void record_examined(ExamineContext& context,
                            std::string_view check,
                            const Specimen& specimen,
                            Fields facts) {
    context.recorder.record({context.at,
                             std::string(event::examined),
                             std::string(check),
                             specimen.domain,
                             std::move(facts)});
}

}  // namespace ordeal::verifier
