#include "reports/escape.hpp"
#include "reports/html_parts.hpp"
#include "reports/put.hpp"
#include "reports/style.hpp"

namespace ordeal::reports {

void append_page_head(std::string& out, std::string_view title) {
    // Nothing but the inlined style may act in this page, whatever a guest's console said.
    put(out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\"/><meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\"/><meta name=\"color-scheme\" content=\"light dark\"/>"
        "<title>{}</title><style>{}</style></head><body>",
        html(title),
        style_sheet());
    // The hatching of "dead"; used by every picture.
    put(out,
        R"svg(<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>)svg"
        R"svg(<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" )svg"
        R"svg(patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/>)svg"
        R"svg(<rect class="hatch-line" width="2" height="6"/></pattern></defs></svg>)svg");
}

}  // namespace ordeal::reports
