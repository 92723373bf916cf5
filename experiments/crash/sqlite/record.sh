#!/bin/bash
# Records SQLite transactions on a loop-mounted filesystem of this machine.
# record.sh RECORDER OUT [TRANSACTIONS] [SYNCHRONOUS] makes OUT.trace and OUT.base.
# RECORDER is ordeal-record.so of the build. Needs root, nbdkit, nbdfuse, sqlite3 and loop devices. SYNCHRONOUS is the value of
# SQLite's pragma: EXTRA (default); FULL, which does not sync the directory after a commit; or OFF, a negative control.
set -euo pipefail

# In namespaces of its own: whatever ends this, its mounts and servers end, too.
[[ -n ${ORDEAL_ALONE:-} ]] ||
    exec env ORDEAL_ALONE=1 unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"

recorder=$1 out=$2 transactions=${3:-40} synchronous=${4:-EXTRA}
work=$(mktemp -d "${TMPDIR:-/tmp}/ordeal-sqlite-XXXXXX")
clean_up() {
    for each in mnt disk/nbd disk marks; do
        ! mountpoint -q "$work/$each" || umount "$work/$each"
    done
    if [[ -s $work/pid ]]; then
        kill "$(<"$work/pid")" && tail --pid="$(<"$work/pid")" -f /dev/null
    fi
    rm -rf "$work"
}
trap clean_up EXIT

truncate -s 64M "$work/disk.img"
mke2fs -q -F -t ext4 -b 4096 "$work/disk.img"
nbdkit -P "$work/pid" -U "$work/socket" "$recorder" \
    file="$work/disk.img" trace="$out.trace" base="$out.base" atom=4096
mkdir "$work/disk" "$work/marks" "$work/mnt"
nbdfuse "$work/disk" "nbd+unix:///?socket=$work/socket" &
nbdfuse "$work/marks" "nbd+unix:///marks?socket=$work/socket" &
for _ in $(seq 200); do
    [[ -e $work/disk/nbd && -e $work/marks/nbd ]] && break
    sleep 0.05
done
mount -o loop -t ext4 "$work/disk/nbd" "$work/mnt"

# A transaction is acknowledged when sqlite3 has printed what follows its COMMIT. The mark goes to the recorder after that.
sql="PRAGMA synchronous=$synchronous; CREATE TABLE ledger(seq INTEGER PRIMARY KEY, payload BLOB);"
for ((i = 1; i <= transactions; i++)); do
    sql+=" INSERT INTO ledger VALUES($i, randomblob(3000)); SELECT $i;"
done
stdbuf -oL sqlite3 "$work/mnt/ledger.db" <<<"$sql" | while read -r seq; do
    printf '%-512s' "$seq" | tr ' ' '\0' |
        dd of="$work/marks/nbd" bs=512 seek=$((seq % 2000)) conv=notrunc oflag=direct status=none
done
