# Figures of the crash-state explorer; sourced by tests/bench/run. Needs root, nbdkit, nbdfuse, jq.

# 1,500 operations, a quarter of them synced, on a 64 MiB ext3.
record_crash_run() { # OUT
    "$here/record_host.sh" "$build" "$1" ext3 64M data=ordered append_fsync 375 1 3 -N 1024
}

# Seconds that QEMU's block layer takes for writes with a flush after each.
flushed_writes() { # IMAGE_OR_URI
    qemu-img bench -f raw -t none -c 1500 -d 1 -s 4096 -S 8192 -w --flush-interval=1 "$1" |
        sed -n 's/.* in \([0-9.]*\) seconds.*/\1/p'
}

# The middle of five, in turn, so that a slow minute of the disk hits both.
recorder_overhead() {
    local raw=$work/raw.img recorded=$work/recorded.img pid socket=$work/record.socket
    truncate -s 64M "$raw" "$recorded"
    nbdkit -P "$work/record.pid" -U "$socket" "$build/verifier/crash/ordeal-record.so" \
        file="$recorded" trace="$work/overhead.trace"
    pid=$(cat "$work/record.pid")
    for _ in 1 2 3 4 5; do
        flushed_writes "$raw" >>"$work/raw.seconds"
        flushed_writes "nbd+unix:///?socket=$socket" >>"$work/recorded.seconds"
    done
    kill "$pid"
    tail --pid="$pid" -f /dev/null
    awk -v r="$(quantile 0.5 <"$work/recorded.seconds")" -v f="$(quantile 0.5 <"$work/raw.seconds")" \
        'BEGIN { printf "%.2f\n", r / f }'
}

measure_crash() {
    local out=$work/crash figures
    record_crash_run "$out" >/dev/null
    figures=$("$build/tests/explore_bench" "$out.trace" "$out.base" /dev/shm)
    get() { jq -r ".$1" <<<"$figures"; }
    [[ $(get complete) == true && $(get bad) == 0 ]] || { say "the run is not sound"; return 1; }
    figure 'crash states: images recovered and checked, a core' "$(get images_a_second_core)/s" '>= 10000 /s'
    figure 'crash states: one run of 1,500 operations explored, one core' "$(get seconds) s" '<= 1 s'
    figure 'crash states: the same with every crash during its recovery' "$(get seconds_with_recovery) s" ''
    figure 'crash states: two cores against one' "$(get two_ratio)" '>= 1.7'
    figure 'crash states: e2fsck -fn by the fork server' "$(get rulings_a_second)/s" '>= 500 /s'
    figure 'crash states: against sparse copy and e2fsck' "$(get against_copies)" '>= 50'
    figure 'crash states: peak memory' "$(get peak_mib) MiB" "<= $((4 * $(get image_mib) + 256)) MiB"
    figure 'crash states: recorder against a raw file, fsync each' "$(recorder_overhead)" '<= 1.5'
    detail <<TEXT

Crash states: $(get possible) possible and $(get recovery_possible) of crashes during recovery, all covered, in
$(get runs) and $(get recovery_runs) runs over $(get instants) instants of a 64 MiB ext3 with 1,024 inodes.
TEXT
}
