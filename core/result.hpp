#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace ordeal {

/// What kind of failure it is: decides the exit code and whether a trial becomes inconclusive.
enum class ErrorKind {
    usage,        ///< the person asked for something that makes no sense
    definition,   ///< an experiment, testbed or catalogue file is wrong
    missing,      ///< a tool, package, privilege or kernel feature is not there
    unavailable,  ///< the other side did not answer, refused or went away
    timeout,      ///< a deadline passed
    not_found,    ///< the thing named is not there; never the same as "healed"
    refused,      ///< a guard, a lock or a permission said no
    corrupt,      ///< data that should parse or match a checksum does not
    internal      ///< our own mistake
};

[[nodiscard]] std::string_view name_of(ErrorKind kind);

/// An operating failure, told so that a person can act on it.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string tried;   ///< what was tried, on what: "connect to libvirt on n1"
    std::string answer;  ///< what came back: "Connection refused"
    std::string hint;    ///< what the user can do; may be empty

    /// One line: `tried: answer (hint)`.
    [[nodiscard]] std::string text() const;
};

[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

/// A value or an Error. Reading the value of a failed result throws std::logic_error: test first.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
  public:
    using boost::system::result<T, Error>::result;
};

/// Success or an Error. `return ok();`
using Status = Result<void>;

[[nodiscard]] inline Status ok() {
    return {};
}

/// An Error in one call: `return fail(ErrorKind::timeout, "wait for n1", "nothing in 5s");`
[[nodiscard]] inline Error fail(ErrorKind kind,
                                std::string tried,
                                std::string answer,
                                std::string hint = {}) {
    return Error{kind, std::move(tried), std::move(answer), std::move(hint)};
}

}  // namespace ordeal
