// libFuzzer program: any text must come back as a document or as complaints that can be printed.
#include "campaign/definition.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

const ordeal::KindLibrary& kinds() {
    static const auto library = ordeal::builtin_kinds();
    if (!library) {
        std::abort();
    }
    return *library;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(size, '\0');
    std::copy(data, data + size, text.begin());
    ordeal::Diagnostics out;
    const auto definition = ordeal::parse_definition(std::move(text), "fuzz.toml", kinds(), out);
    if (definition.has_value() != out.empty() || ordeal::to_text(out).empty() != out.empty()) {
        std::abort();
    }
    return 0;
}
