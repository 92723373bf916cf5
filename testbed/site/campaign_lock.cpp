#include "testbed/site/campaign_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>

namespace ordeal {

Result<Fd> lock_campaign(const std::string& testbed) {
    const auto path = "/run/lock/ordeal-" + testbed;
    const auto tried = "begin a campaign on " + testbed;
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
        return file;
    }
    const int error = errno;
    return file && error == EWOULDBLOCK
               ? fail(ErrorKind::refused,
                      tried,
                      "another campaign runs there",
                      "wait for its end, or use another testbed")
               : fail(ErrorKind::unavailable, tried, std::system_category().message(error), path);
}

}  // namespace ordeal
