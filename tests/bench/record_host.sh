#!/bin/bash
# Records a ledger load on a loop-mounted filesystem of this machine: the bare-host arm.
# record_host.sh BUILD OUT FSTYPE SIZE MOUNT_OPTIONS PROFILE RECORDS WRITERS [BUFFERED] [MKFS_OPTION...]
# Makes OUT.trace and OUT.base. Needs root, nbdkit, nbdfuse and loop devices; leaves nothing else behind.
set -euo pipefail

# In namespaces of its own: whatever ends this, its mounts and servers end, too.
[[ -n ${ORDEAL_ALONE:-} ]] ||
    exec env ORDEAL_ALONE=1 unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"

build=$1 out=$2 fstype=$3 size=$4 mount_options=$5 profile=$6 records=$7 writers=$8 buffered=${9:-0}
shift $(( $# < 9 ? $# : 9 ))

work=$(mktemp -d "${TMPDIR:-/tmp}/ordeal-record-XXXXXX")
clean_up() {
    mountpoint -q "$work/mnt" && umount "$work/mnt"
    for fuse in disk marks; do
        mountpoint -q "$work/$fuse" && umount "$work/$fuse"
    done
    [ -s "$work/pid" ] && kill "$(cat "$work/pid")" 2>/dev/null && tail --pid="$(cat "$work/pid")" -f /dev/null
    rm -rf "$work"
}
trap clean_up EXIT

truncate -s "$size" "$work/disk.img"
case $fstype in
    ext?) mke2fs -q -F -t "$fstype" -b 4096 "$@" "$work/disk.img" ;;
    *) "mkfs.$fstype" -q -f "$@" "$work/disk.img" ;;
esac
nbdkit -P "$work/pid" -U "$work/socket" "$build/verifier/crash/ordeal-record.so" \
    file="$work/disk.img" trace="$out.trace" base="$out.base" atom="${ORDEAL_ATOM:-512}"
mkdir "$work/disk" "$work/marks" "$work/mnt"
nbdfuse "$work/disk" "nbd+unix:///?socket=$work/socket" &
nbdfuse "$work/marks" "nbd+unix:///marks?socket=$work/socket" &
for _ in $(seq 100); do
    [ -e "$work/disk/nbd" ] && [ -e "$work/marks/nbd" ] && break
    sleep 0.05
done
mount -o "loop,$mount_options" -t "$fstype" "$work/disk/nbd" "$work/mnt"
"$build/tests/crash_load" "$work/mnt" "$work/marks/nbd" "$profile" "$records" "$writers" "$buffered"
