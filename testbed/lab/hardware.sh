#!/bin/sh
# The hardware of a lab's node, run in the lab's rack: sh hardware.sh NODE_DIRECTORY VERB...
#
# A node is on while its file "power" says so; its operating system runs while the process in its
# file "init" (pid and start time, as the rack counts) lives. Verbs:
#   plug              connects the machine: power controller, sysrq, and switches it on
#   chassis ARGS...   as ipmi_sim asks for power: get|set|check PARAMETER [VALUE]...
#   sysrq             carries out what is written to the node's /run/ordeal/sysrq
#   boot, init        the two halves of a start, in the node's namespaces
set -eu
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
hardware=$0
directory=$1
verb=$2
shift 2
cd "$directory"
. ./hardware.conf # name, number, bridges, ipmi_sim, libraries

planes="management storage migration guest"

fail() {
    echo "$name: $*"
    exit 1
}

# proc(5): field 22 is the start time, field 3 the state.
alive() {
    [ -s init ] && read -r pid ticks <init && read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
    # shellcheck disable=SC2086
    set -- $stat
    [ "${22}" = "$ticks" ] && [ "$3" != Z ]
}

# $1: hundredths of a second, then a condition.
await() {
    left=$1
    shift
    until "$@"; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.01
    done
}

dead() { ! alive; }

# A network that died with its node is taken apart later; its cables are to be dead at once.
unplug() {
    for plane in $planes; do
        echo "link delete $name-$plane"
    done | ip -force -batch - >/dev/null 2>&1 || true
}

halt() {
    if alive; then
        kill -9 "$pid"
        await 500 dead || fail "its processes do not end"
    fi
    unplug
}

start() {
    rm -f init
    find run -mindepth 1 -maxdepth 1 ! -name ordeal -exec rm -rf {} +
    find run/ordeal/agents -mindepth 1 -delete
    mkdir -p run/sshd
    setsid unshare --mount --uts --ipc --net --propagation unchanged \
        sh "$hardware" "$directory" boot </dev/null >>console 2>&1 3<&- 9<&- &
    await 500 alive || fail "it does not boot: $(tail -n 3 console | tr '\n' ' ')"
}

is_on() { [ "$(cat power 2>/dev/null)" = on ]; }

power_on() {
    if ! is_on; then
        unplug
        echo on >power
        start
    fi
}

power_off() {
    echo off >power
    halt
}

reset() {
    if is_on; then
        halt
        start
    fi
}

chassis() {
    action=$1
    shift
    case $action in
        get)
            for parameter; do
                [ "$parameter" = power ] || fail "cannot get $parameter"
                is_on && echo power:1 || echo power:0
            done
            ;;
        set)
            while [ $# -ge 2 ]; do
                case $1:$2 in
                    power:1) power_on ;;
                    power:0 | shutdown:*) power_off ;;
                    reset:*) reset ;;
                    boot:* | identify:*) ;;
                    *) fail "cannot set $1" ;;
                esac
                shift 2
            done
            ;;
        check) ;;
        *) fail "does not know $action" ;;
    esac
}

serve_sysrq() {
    exec 3<>run/ordeal/sysrq
    while read -r keys <&3; do
        case $keys in
            b*) locked reset ;;
            c*) locked halt ;;
            o*) locked power_off ;;
        esac
    done
}

# One change at a time.
locked() {
    exec 9<.
    flock 9
    "$@"
    exec 9<&-
}

plug() {
    rm -f run/ordeal/sysrq
    mkfifo -m 600 run/ordeal/sysrq
    setsid sh "$hardware" "$directory" sysrq </dev/null >>hardware.log 2>&1 &
    LD_LIBRARY_PATH=$libraries setsid "$ipmi_sim" -n -c bmc.conf -f bmc.emu -s "$directory/bmc" \
        </dev/null >>hardware.log 2>&1 &
    locked power_on
}

boot() {
    echo "$name" >/proc/sys/kernel/hostname
    # The same at each boot, as real cards have them: nobody has to learn them anew.
    mac=02:00:0a:4c
    {
        echo "link set lo up"
        card=1
        for plane in $planes; do
            case " $bridges " in
                *" $plane "*)
                    echo "link add $plane address $mac:0$card:0$number type bridge mcast_snooping 0"
                    echo "link add uplink type veth peer name $name-$plane netns 1"
                    echo "link set uplink master $plane up"
                    ;;
                *) echo "link add $plane address $mac:0$card:0$number type veth peer name $name-$plane netns 1" ;;
            esac
            card=$((card + 1))
        done
        echo "address add 10.76.1.$number/24 dev management"
        echo "address add 10.78.0.$number/16 dev storage"
        echo "address add 10.76.3.$number/24 dev migration"
        echo "address add 10.77.0.$number/16 dev guest"
        for plane in $planes; do
            echo "link set $plane up"
        done
    } | ip -batch -
    for plane in $planes; do
        echo "link set $name-$plane master $plane up"
    done | nsenter --target 1 --net ip -batch -
    # libvirt's TCP asks nobody who he is: a guest must not come to it by another plane's address.
    nft -f - <<'END'
table inet guard {
    chain input {
        type filter hook input priority 0
        iifname "guest" tcp dport 16509 drop
    }
}
END
    exec unshare --pid --fork sh "$hardware" "$directory" init
}

# PID 1 of the node, and of its own process tree only as soon as /proc is the node's.
init() {
    read -r stat </proc/self/stat
    # shellcheck disable=SC2086
    set -- $stat
    echo "$1 ${22}" >init.new
    while read -r inside source; do
        [ "$inside" = /run ] || mount --bind "$source" "$inside"
    done <private_paths
    mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    cat /proc/sys/kernel/random/uuid >run/ordeal/boot_id
    mount -t proc proc /proc
    mount --bind run /run # it covers this directory: from here on only relative paths
    mount --bind /run/ordeal/boot_id /proc/sys/kernel/random/boot_id
    # The real trigger, where the kernel has one, is everybody's.
    [ ! -e /proc/sysrq-trigger ] || mount --bind /run/ordeal/sysrq /proc/sysrq-trigger
    mv init.new init
    cd /
    exec tini -- sh /run/ordeal/rc
}

case $verb in
    chassis) locked chassis "$@" ;;
    sysrq) serve_sysrq ;;
    plug | boot | init) "$verb" ;;
    *) fail "no verb $verb" ;;
esac
