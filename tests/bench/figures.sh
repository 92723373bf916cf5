# shellcheck shell=bash disable=SC2154
# The measurements of tests/bench/run, one function each; run sets the variables used here.

# N for a real measurement, the second number for --quick.
count() { [[ $quick == yes ]] && echo "$2" || echo "$1"; }

# --- kill trials: overhead, boot, detection -------------------------------------------------------

# The quickstart with a fixed schedule, so that the time it asks for is known exactly, and with
# patience for slow machines.
kill_definition() {
    sed -e 's/^settle = .*/settle = "300ms"/' -e 's/^duration = .*/duration = "3s"/' \
        -e 's/^at = .*/at = "2s"/' -e 's/^hold = [^ ]*/hold = "2500ms"/' \
        -e 's/^deadline = .*/deadline = "5min"/' -e 's/^within = "30s"/within = "2min"/' \
        experiments/quickstart/kill-qemu.toml
}

kill_trials() { # slots
    local run=$work/kill-$1 trials
    trials=$(count "$(($1 * 10))" 2)
    kill_definition >"$work/kill.toml"
    run_trials "$run" "$work/kill.toml" --trials "$trials" --slots "$1"
    query "$run" -cmd '.parameter init' -cmd '.parameter set @settle 300000000' \
        -cmd '.parameter set @at 2000000000' -cmd '.parameter set @hold 2500000000' \
        <tests/bench/overhead.sql >"$work/overhead-$1"
    "$ordeal" lab shell --name "$lab" -- "$PWD/tests/bench/shell-loop" \
        "$guest" "$work/loop-$1.d" "$trials" "$1" 2 >"$work/loop-$1"
}

overhead_figures() { # slots
    local own rival p95 slots="$1 slots"
    [[ $1 != 1 ]] || slots="1 slot"
    own=$(column 1 <"$work/overhead-$1" | quantile 0.5 | rounded)
    p95=$(column 1 <"$work/overhead-$1" | quantile 0.95 | rounded)
    rival=$(column 7 <"$work/loop-$1" | quantile 0.5 | rounded)
    figure "overhead of a kill trial, $slots, median of $(wc -l <"$work/overhead-$1")" "$own ms" "<= 500 ms"
    figure "the same, 95th percentile" "$p95 ms" ""
    figure "the hand-written loop, $slots, median of $(wc -l <"$work/loop-$1")" "$rival ms" ""
    figure "overhead against the loop, $slots" \
        "$(awk -v a="$own" -v b="$rival" 'BEGIN { printf "%.2f", a / b }')" "<= 1"
}

overhead_parts() {
    local part=1 name
    printf '\nWhere the overhead of a kill trial goes, 1 slot (ms):\n\n| part | median | 95th percentile |\n|---|---|---|\n'
    for name in 'make the domain, its disk and its doors' 'reach the steady state' \
        'start the load: order to first acknowledged write' 'end the load: observe, heal' \
        'copy the disk' 'resume the load after the second boot' 'judge, after waiting for e2fsck' \
        'tear down'; do
        part=$((part + 1))
        printf '| %s | %s | %s |\n' "$name" "$(column $part <"$work/overhead-1" | quantile 0.5 | rounded)" \
            "$(column $part <"$work/overhead-1" | quantile 0.95 | rounded)"
    done
}

# From the injection; the first sign may be up to an interval older, and everything else is spread.
detection_figure() {
    query "$work/kill-1" "SELECT json_extract(figures, '\$.detection_latency.ns') / 1e8 - 3 FROM finding
        WHERE kind = 'state_agrees' AND subject = 'agent.heartbeat'
        AND json_extract(figures, '\$.detection_latency.ns') IS NOT NULL" >"$work/detection"
    local low high
    low=$(quantile 0 <"$work/detection") high=$(quantile 1 <"$work/detection")
    figure "detection latency by the agent's heartbeat: spread in intervals, n = $(wc -l <"$work/detection")" \
        "$(awk -v a="$low" -v b="$high" 'BEGIN { printf "%.2f (from %+.2f to %+.2f around the threshold)", b - a, a, b }')" \
        "<= 2 intervals"
}

measure_kill() {
    guest=$(readlink -f "${ORDEAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ordeal}/guest/current")
    kill_trials 1
    kill_trials 2
    query "$work/kill-1" "SELECT json_extract(versions, '\$.accelerator') FROM run" >"$work/accelerator"
    overhead_figures 1
    overhead_figures 2
    detection_figure
    query "$work/kill-1" "SELECT json_extract(data, '\$.duration.ns') / 1e9 FROM event
        WHERE kind = 'phase.end' AND subject = 'boot'" >"$work/boot"
    figure "boot to the agent's hello, median of $(wc -l <"$work/boot")" \
        "$(quantile 0.5 <"$work/boot" | rounded 2) s" "<= 6 s"
    figure "the same, slowest" "$(quantile 1 <"$work/boot" | rounded 2) s" ""
    overhead_parts | detail
}

# --- injections -----------------------------------------------------------------------------------

# Many short stops of QEMU in one guest: the real path of an injection, journal and all.
injections_definition() { # how many
    cat <<'TOML'
[experiment]
name = "injections"
title = "Many short stops"
question = "How late are injections?"
settle = "300ms"
duration = "38s"
deadline = "5min"
recover = false

[[domain]]
name = "vm"

[[domain.disk]]
name = "data"
size = "32MiB"

[[load]]
domain = "vm"
profile = "append_fsync"

[[probe]]
kind = "agent.heartbeat"

[[check]]
kind = "no_acked_write_lost"
TOML
    local i # each is prepared half a second ahead, which must find QEMU running
    for ((i = 0; i < $1; ++i)); do
        printf '\n[[fault]]\nid = "stop-%d"\nkind = "qemu.stop"\ntarget = "vm"\nat = "%dms"\nhold = "50ms"\n' \
            "$i" $((1000 + i * 700))
    done
}

measure_injections() {
    injections_definition 50 >"$work/injections.toml"
    run_trials "$work/injections" "$work/injections.toml" --trials "$(count 4 1)" --slots 1
    query "$work/injections" "SELECT json_extract(data, '\$.late.ns') / 1e6 FROM event
        WHERE kind = 'fault.injected'" >"$work/late"
    figure "injection after its scheduled instant, 99th percentile of $(wc -l <"$work/late")" \
        "$(quantile 0.99 <"$work/late" | rounded 2) ms" "<= 10 ms"
    figure "the same, median" "$(quantile 0.5 <"$work/late" | rounded 2) ms" ""
    figure "the same, latest" "$(quantile 1 <"$work/late" | rounded 2) ms" ""
}

# --- the ledger against fio -----------------------------------------------------------------------

# A guest whose fio writes before the agent's load does, on the same filesystem in the same boot.
# It lives in a cache of its own: the usual guest stays as it is.
fio_guest() { # fio's arguments
    local cache=${ORDEAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ordeal} entry image overlay=$work/overlay
    mkdir -p "$work/cache" "$overlay/bin"
    for entry in kernel libvirt unpacked; do
        [[ ! -e $cache/$entry || -e $work/cache/$entry ]] || cp -a "$cache/$entry" "$work/cache/"
    done
    image=$(ORDEAL_CACHE=$work/cache guest-agents/image/build --with "$(command -v fio)" \
        "$build/guest-agents/ordeal-agent")
    cp guest-agents/image/init "$overlay/bin/plain-init"
    cat >"$overlay/init" <<INIT
#!/bin/busybox sh
PATH=/bin
export PATH
: >/dev/null # the shell reads it for what runs beside it; init mounts the true /dev over it
(
    while ! grep -qs ' /data ' /proc/mounts; do usleep 50000; done
    dd if=/dev/zero of=/data/slots-fio bs=1M count=1 conv=fsync 2>/dev/null
    fio --name=bench --rw=write --bs=4k --ioengine=psync --fallocate=none --runtime=6 --time_based \
        $* --output-format=terse --terse-version=3 >/tmp/fio 2>&1
    [ ! -d /data/ledger* ] || echo "bench: the ledger wrote meanwhile" >/dev/console
    awk -F';' 'NF > 48 { print "bench: fio", \$49 }' /tmp/fio >/dev/console
) &
exec plain-init
INIT
    chmod 755 "$overlay/init" "$overlay/bin/plain-init"
    # Later members of an initramfs replace earlier ones; the plain image stays for the next call.
    [[ -e $image/plain ]] || cp "$image/initramfs" "$image/plain"
    (cd "$overlay" && find init bin | cpio --quiet -o -H newc) >"$work/overlay.cpio"
    cat "$image/plain" "$work/overlay.cpio" >"$image/initramfs"
}

ledger_definition() { # profile
    cat <<TOML
[experiment]
name = "ledger"
title = "The ledger's rate"
question = "How fast does it write?"
settle = "15s"
duration = "6s"
deadline = "3min"
recover = false

[[domain]]
name = "vm"
memory = "512MiB"

[[domain.disk]]
name = "data"
size = "512MiB"

[[load]]
domain = "vm"
profile = "$1"

[[probe]]
kind = "qemu.process"

[[check]]
kind = "no_acked_write_lost"
TOML
}

# Lines "ledger fio ratio", in records a second; between the first and the last acknowledgement.
ledger_rates() { # run directory
    local trial own fio
    for trial in "$1"/trials/*; do
        if grep -q 'wrote meanwhile' "$trial"/*.console; then
            say "fio was not done before the ledger began: trial left out"
            continue
        fi
        fio=$(sed -n 's/.*bench: fio \([0-9]*\).*/\1/p' "$trial"/*.console)
        own=$(query "$1" "WITH one AS (SELECT at_ns, json_extract(data, '\$.last') AS last FROM event
            WHERE kind = 'ledger.acknowledged' AND trial = $(basename "$trial"))
            SELECT (max(last) - min(last)) * 1e9 / (max(at_ns) - min(at_ns)) FROM one")
        [[ -n $fio ]] && awk -v a="$own" -v b="$fio" 'BEGIN { print a, b, a / b }'
    done
}

ledger_profile() { # profile, fio's arguments
    local profile=$1 rates=$work/rates-$1
    shift
    fio_guest "$@"
    ledger_definition "$profile" >"$work/ledger.toml"
    ORDEAL_CACHE=$work/cache run_trials "$work/ledger-$profile" "$work/ledger.toml" \
        --trials "$(count 5 1)" --slots 1 --keep
    ledger_rates "$work/ledger-$profile" >"$rates"
    figure "ledger \`$profile\` against fio with the same pattern in the same boot, median of $(wc -l <"$rates")" \
        "$(awk '{ print $3 * 100 }' "$rates" | quantile 0.5 | rounded) %" ">= 70 %"
    figure "the same, records a second: ledger, fio" \
        "$(column 1 <"$rates" | quantile 0.5 | rounded), $(column 2 <"$rates" | quantile 0.5 | rounded)" ""
}

measure_ledger() {
    ledger_profile append_fsync --filename=/data/append-fio --size=200m --fsync=1
    ledger_profile overwrite_direct --filename=/data/slots-fio --size=1m --overwrite=1 --direct=1 --fdatasync=1
}

# --- the controller's own cost --------------------------------------------------------------------

measure_controller() {
    local run=$work/controller line words tick
    "$ordeal" run tests/bench/ten-domains.toml --out "$run" --lab "$lab" --slots 1 --color never \
        >"$run.log" 2>&1 &
    pid=$! # not local: the trap outlives this function
    trap 'kill "$pid" 2>/dev/null || true' EXIT
    while line=$(cat "/proc/$pid/stat" 2>/dev/null) && [[ $line != *') Z '* ]]; do
        read -r -a words <<<"${line##*) }"
        echo "${EPOCHREALTIME/[.,]/} $((words[11] + words[12]))" >>"$work/cpu"
        awk '/VmHWM/ { print $2 / 1024 }' "/proc/$pid/status" >>"$work/memory" 2>/dev/null || true
        sleep 0.5
    done
    wait "$pid" || { tail -n 15 "$run.log" >&2; return 1; }
    tick=$(getconf CLK_TCK)
    query "$run" "SELECT (started_ns + min(at_ns)) / 1000, (started_ns + max(at_ns)) / 1000 FROM event, trial
        WHERE kind IN ('phase.begin', 'phase.end') AND subject = 'load'" >"$work/span"
    awk -v tick="$tick" 'NR == FNR { from = $1; to = $2; next }
        $1 >= from && $1 <= to { if (!first) { first = $1; cpu = $2 } last = $1; used = $2 }
        END { if (last <= first) exit 1
              printf "%.2f %.0f\n", (used - cpu) / tick / ((last - first) / 1e6) * 100, (last - first) / 1e6 }' \
        "$work/span" "$work/cpu" >"$work/controller-cpu"
    figure "controller with 10 domains, all probes, over $(column 2 <"$work/controller-cpu") s of load: of one core" \
        "$(column 1 <"$work/controller-cpu" | rounded 1) %" "<= 5 %"
    figure "the same, peak resident memory" "$(quantile 1 <"$work/memory" | rounded) MiB" "<= 64 MiB"
}

# --- reports --------------------------------------------------------------------------------------

measure_report() {
    local begin i
    mkdir -p "$work/thousand"
    "$build/tests/report_bench" make "$work/thousand"
    for i in 1 2 3; do
        begin=$EPOCHREALTIME
        "$ordeal" report "$work/thousand" --format html >/dev/null
        seconds_since "$begin" >>"$work/render"
    done
    figure "HTML report of 1,000 trials from run.db, median of $i" \
        "$(quantile 0.5 <"$work/render" | rounded 2) s" "<= 2 s"
    figure "the same, opened and painted by headless Chromium, best of 5" \
        "$("$build/tests/report_bench" open "$work/thousand/report.html" | rounded) ms" "<= 1000 ms"
}

# --- the lab and the build ------------------------------------------------------------------------

measure_lab() {
    local i begin
    for ((i = 0; i < $(count 10 2); ++i)); do
        begin=$EPOCHREALTIME
        "$ordeal" lab up --name "$lab-$i" >/dev/null
        seconds_since "$begin" >>"$work/up"
        begin=$EPOCHREALTIME
        "$ordeal" lab down --name "$lab-$i" >/dev/null
        seconds_since "$begin" >>"$work/down"
    done
    figure "lab up, median of $i" "$(quantile 0.5 <"$work/up" | rounded 2) s" "<= 5 s"
    figure "the same, slowest" "$(quantile 1 <"$work/up" | rounded 2) s" "<= 5 s"
    figure "lab down, median of $i" "$(quantile 0.5 <"$work/down" | rounded 2) s" ""
    for ((i = 0; i < $(count 5 1); ++i)); do
        begin=$EPOCHREALTIME
        "$ordeal" lab up --name "$lab-$i" --nodes 3 >/dev/null
        seconds_since "$begin" >>"$work/up-3"
        time_reset "/run/ordeal/$lab-$i" >>"$work/reset" 2>>"$work/reset.log" || tail -n 3 "$work/reset.log" >&2
        begin=$EPOCHREALTIME
        "$ordeal" lab down --name "$lab-$i" >/dev/null
        seconds_since "$begin" >>"$work/down-3"
    done
    figure "lab of three nodes up, slowest of $i" "$(quantile 1 <"$work/up-3" | rounded 2) s" "<= 8 s"
    figure "the same down, slowest" "$(quantile 1 <"$work/down-3" | rounded 2) s" "<= 3 s"
    figure "\`ipmitool chassis power reset\` until the node's first process is dead, slowest of $i" \
        "$(quantile 1 <"$work/reset" | rounded 2) s" "<= 0.5 s"
}

# Seconds from the start of ipmitool, with its session's set-up, until the first process of node n1 is gone.
time_reset() { # the lab's directory
    local rack
    rack=$(sed -n 's/^ *"pid": \([0-9]*\),$/\1/p' "$1/lab.json")
    # shellcheck disable=SC2016
    IPMI_PASSWORD=$(cat "$1/power_password") timeout 20 nsenter --target "$rack" --mount --net --pid bash -euc '
        read -r pid _ <"$1/n1/init"
        kill -0 "$pid"
        begin=$EPOCHREALTIME
        ipmitool -I lanplus -H 10.76.4.1 -U ordeal -E -C 3 chassis power reset >&2 &
        while kill -0 "$pid"; do sleep 0.005; done
        end=$EPOCHREALTIME
        wait $!
        awk -v a="$begin" -v b="$end" "BEGIN { printf \"%.3f\n\", b - a }"' reset "$1"
}

# ccache would answer for the compiler.
measure_build() {
    export CCACHE_DISABLE=1
    local begin
    if [[ $full == yes ]]; then
        begin=$EPOCHREALTIME
        cmake --preset release -B "$work/build" >/dev/null
        cmake --build "$work/build" --parallel "$(nproc)" >/dev/null
        figure "clean release build of everything, \`cmake --preset release && cmake --build build/release\`, without ccache" \
            "$(seconds_since "$begin" | rounded) s" "<= 360 s"
    fi
    cmake --build "$build" --parallel "$(nproc)" >/dev/null
    touch injectors/qemu/kill.cpp
    begin=$EPOCHREALTIME
    cmake --build "$build" --parallel "$(nproc)" >/dev/null
    figure "build of everything after one injector changed, without ccache" \
        "$(seconds_since "$begin" | rounded 1) s" "<= 15 s"
}
