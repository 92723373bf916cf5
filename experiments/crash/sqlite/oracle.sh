#!/bin/bash
# Judges a state that a crash left: the database is sound, and has every transaction that was acknowledged before the crash.
# ordeal explore OUT.trace --base OUT.base --oracle experiments/crash/sqlite/oracle.sh
set -uo pipefail

database=$ORDEAL_TREE/ledger.db
last=$(sort -n "$ORDEAL_MARKS" | tail -n 1)
if [[ ! -e $database ]]; then
    [[ -z $last ]] && exit 0
    echo "no database, but transaction $last was acknowledged"
    exit 1
fi
sound=$(sqlite3 "$database" 'PRAGMA integrity_check' 2>&1)
if [[ $sound != ok ]]; then
    echo "integrity_check: $sound"
    exit 1
fi
[[ -n $last ]] || exit 0
there=$(sqlite3 "$database" "SELECT count(*) FROM ledger WHERE seq <= $last" 2>&1)
if [[ $there != "$last" ]]; then
    echo "$last transactions were acknowledged, $there are there"
    exit 1
fi
