// Preloaded into a stock program that examines one file: runs it up to where it opens that file,
// once, and from there as often as asked, each time in a new child. The program itself is as it is.
//
//   ORDEAL_FORK_FILE   the file
//   ORDEAL_FORK_SOCKET the descriptor of a socket: each byte that comes in asks for a run; the
//   answer
//                      is a byte, its exit code, 255 when a signal ended it. Its end ends all.
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool serving = false;  // NOLINT: a preloaded function has nothing else to keep it in

/// Returns in each child; never in the parent.
void serve(int socket) {
    serving = true;
    char byte = 0;
    while (::read(socket, &byte, 1) == 1) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(socket);
            return;
        }
        int status = 0;
        while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        byte = static_cast<char>(child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 255);
        if (::write(socket, &byte, 1) != 1) {
            break;
        }
    }
    ::_exit(0);
}

void serve_at(const char* path) {
    const char* file = std::getenv("ORDEAL_FORK_FILE");      // NOLINT(concurrency-mt-unsafe)
    const char* socket = std::getenv("ORDEAL_FORK_SOCKET");  // NOLINT(concurrency-mt-unsafe)
    if (!serving && file != nullptr && socket != nullptr && std::strcmp(path, file) == 0) {
        serve(std::atoi(socket));  // NOLINT(cert-err34-c): our own
    }
}

}  // namespace

extern "C" {

// The dynamic loader finds these before the C library's.
int open64(const char* path, int flags, ...) {
    mode_t mode = 0;
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    serve_at(path);
    static auto* const next =
        reinterpret_cast<int (*)(const char*, int, ...)>(::dlsym(RTLD_NEXT, "open64"));
    return next(path, flags, mode);
}

int __open64_2(const char* path, int flags) {  // NOLINT: the C library's name
    serve_at(path);
    static auto* const next =
        reinterpret_cast<int (*)(const char*, int)>(::dlsym(RTLD_NEXT, "__open64_2"));
    return next(path, flags);
}

}  // extern "C"
