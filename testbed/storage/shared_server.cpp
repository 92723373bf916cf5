#include "testbed/storage/shared_server.hpp"

#include "testbed/cache.hpp"
#include "testbed/storage/disk_server.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

/// What the script calls "target" is the plugin of an NBD server.
constexpr const char* target = "iqn.2026-01.org.ordeal:disk";

/// $1 is the verb. "start" makes the machine and waits for it; the others run in it.
constexpr const char* script = R"sh(set -eu
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
verb=$1 unpacked=$2 image=$3 directory=$4 bridge=$5 address=$6 prefix=$7 port=$8 target=$9
cd "$directory"
export TGT_IPC_SOCKET="$directory/tgt"
libraries=$unpacked/usr/lib/ganesha:$unpacked/lib/x86_64-linux-gnu
libraries=$libraries:$unpacked/usr/lib/x86_64-linux-gnu

program() { # the unpacked one, or an installed one
    for place in "$unpacked"/usr/sbin "$unpacked"/sbin "$unpacked"/usr/bin /usr/sbin /usr/bin; do
        [ ! -x "$place/$1" ] || { echo "$place/$1"; return; }
    done
    echo "no $1" >&2
    exit 1
}

await() {
    left=400
    until "$@" >>server.log 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { tail -n 3 server.log >&2; exit 1; }
        sleep 0.025
    done
}

ended() {
    echo "the server ended as it started:" >&3
    tail -q -n 3 server.log run/ganesha.log 2>/dev/null >&3
    exit 1
}

connect() {
    # The same at each start: who knew it, knows it.
    # shellcheck disable=SC2046
    mac=$(printf '02:00:0a:4e:%02x:%02x' $(echo "${address#*.*.}" | tr . ' '))
    ip link add eth0 address "$mac" type veth peer name "$port" netns /proc/1/ns/net
    ip link set lo up
    ip address add "$address/$prefix" dev eth0
    ip link set eth0 up
    nsenter --target 1 --net ip link set "$port" master "$bridge" up
}

tell_pid() {
    echo "$$" >server.pid.new
    mv server.pid.new server.pid
}

case $verb in
    start-*)
        rm -f server.pid
        : >server.log
        # A network that died with its server is taken apart later.
        ip link delete "$port" 2>/dev/null || true
        setsid --fork unshare --net --mount --propagation private \
            sh "$0" "${verb#start-}" "$unpacked" "$image" "$directory" "$bridge" \
            "$address" "$prefix" "$port" "$target" </dev/null >>server.log 2>&1
        await test -s server.pid
        exec 3>&2
        inside() {
            pid=$(cat server.pid)
            kill -0 "$pid" 2>/dev/null || ended
            nsenter --target "$pid" --net "$@"
        }
        case $verb in
            start-nbd)
                # It listens before it has opened its image: only its greeting says that it serves.
                # shellcheck disable=SC2016
                await inside bash -c 'exec 3<>"/dev/tcp/$0/10809" &&
                    read -r -N 8 -t 1 word <&3 && [ "$word" = NBDMAGIC ]' "$address"
                ;;
            start-iscsi)
                admin() { LD_LIBRARY_PATH=$libraries "$(program tgtadm)" --lld iscsi "$@"; }
                await admin --op new --mode target --tid 1 -T "$target"
                await admin --op new --mode logicalunit --tid 1 --lun 1 -b "$image"
                await admin --op bind --mode target --tid 1 -I ALL
                ;;
            start-nfs)
                LD_LIBRARY_PATH=$libraries
                export LD_LIBRARY_PATH
                await inside "$(program rpcinfo)" -t "$address" nfs 3
                await inside "$(program rpcinfo)" -t "$address" mountd 3
                ;;
        esac
        ;;
    nbd)
        connect
        tell_pid
        exec nbdkit --foreground --ipaddr "$address" "$target" "image=$image" \
            "directory=$directory" cache=write-through
        ;;
    iscsi)
        connect
        tell_pid
        export LD_LIBRARY_PATH=$libraries
        exec "$(program tgtd)" -f --iscsi "portal=$address:3260"
        ;;
    nfs)
        connect
        mkdir -p run/rpcbind run/recovery
        cat >run/ganesha.conf <<CONF
NFS_CORE_PARAM { Protocols = 3; NFS_Port = 2049; MNT_Port = 20048; Enable_NLM = false;
    Enable_RQUOTA = false; Enable_UDP = false;
    Plugins_Dir = "$unpacked/usr/lib/x86_64-linux-gnu/ganesha"; }
NFSv4 { Graceless = true; RecoveryRoot = "/run/recovery"; RecoveryBackend = fs; }
NFS_KRB5 { Active_krb5 = false; }
EXPORT { Export_Id = 1; Path = "${image%/*}"; Pseudo = /disks; Access_Type = RW;
    Squash = No_Root_Squash; SecType = sys; Protocols = 3; Transports = TCP;
    FSAL { Name = VFS; } }
CONF
        # rpcbind insists on an account that only its package's installation makes.
        { cat /etc/passwd; echo "_rpc:x:64057:65534::/run/rpcbind:/usr/sbin/nologin"; } >passwd
        mount --bind passwd /etc/passwd
        tell_pid
        [ -s /etc/netconfig ] || mount --bind "$unpacked/etc/netconfig" /etc/netconfig
        export LD_LIBRARY_PATH=$libraries
        rpcbind=$(program rpcbind) ganesha=$(program ganesha.nfsd)
        mount --bind run /run
        # It ends with the server: the name space that it is in does.
        setpriv --pdeathsig KILL unshare --pid --fork --kill-child \
            sh -c '"$0" -w -f & wait' "$rpcbind" &
        # Without it ganesha, which registers there once, ends.
        await "$(program rpcinfo)" -p "$address"
        exec "$ganesha" -F -f /run/ganesha.conf -L /run/ganesha.log -p /run/ganesha.pid
        ;;
esac
)sh";

bool there(const fs::path& path) {
    return ::access(path.c_str(), R_OK) == 0;
}

bool has_program(const std::string& name) {
    const auto unpacked = cache_directory() / "unpacked";
    for (const auto& place : {unpacked / "usr/sbin",
                              unpacked / "sbin",
                              unpacked / "usr/bin",
                              fs::path("/usr/sbin"),
                              fs::path("/sbin"),
                              fs::path("/usr/bin")}) {
        if (there(place / name)) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string_view shared_server_script() {
    return script;
}

Argv shared_server_command(const SharedServer& server) {
    return {"sh",
            (server.directory / "server.sh").string(),
            "start-" + server.protocol,
            (cache_directory() / "unpacked").string(),
            server.image.string(),
            server.directory.string(),
            server.bridge,
            server.address,
            std::to_string(server.prefix),
            server.port,
            server.protocol == "nbd" ? ORDEAL_DISK_PLUGIN : target};
}

std::string shared_name(const SharedServer& server) {
    if (server.protocol == "nbd") {
        return "";
    }
    return server.protocol == "iscsi" ? std::string(target) + "/1" : server.image.string();
}

Status can_share(const std::string& protocol) {
    if (protocol == "nbd") {
        return can_serve_disks();
    }
    const auto tried = "share a disk by " + protocol;
    const fs::path client = "/usr/lib/x86_64-linux-gnu/qemu/block-" + protocol + ".so";
    if (!there(client)) {
        return fail(ErrorKind::missing,
                    tried,
                    "QEMU has no client for it",
                    "apt-get install -y --no-install-recommends qemu-block-extra");
    }
    const auto programs = protocol == "iscsi"
                              ? std::vector<std::string>{"tgtd", "tgtadm"}
                              : std::vector<std::string>{"ganesha.nfsd", "rpcbind", "rpcinfo"};
    for (const auto& program : programs) {
        if (!has_program(program)) {
            return fail(ErrorKind::missing, tried, program + " is not there", "./bootstrap build");
        }
    }
    return ok();
}

}  // namespace ordeal
