#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <string>

namespace ordeal::verifier::crash {

/// A number of crash states: exact, however large.
using Count = boost::multiprecision::cpp_int;

/// "84284" up to seven digits, else "2.53e89".
[[nodiscard]] std::string to_text(const Count& count);

/// part / whole as a number, also where both are beyond a double. Precondition: whole != 0.
[[nodiscard]] double ratio(const Count& part, const Count& whole);

}  // namespace ordeal::verifier::crash
