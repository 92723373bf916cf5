#!/bin/sh
# usage: build.sh PROGRAM CONTROL OUTPUT: packs the agent's .deb. Needs no root.
set -eu
program=$1 control=$2 output=$3
source=$(dirname "$0")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
put() { install -D -m "$1" "$2" "$root/$3"; }
put 755 "$program" usr/sbin/ordeal-agent
strip "$root/usr/sbin/ordeal-agent"
put 644 "$source/ordeal-agent.service" lib/systemd/system/ordeal-agent.service
put 644 "$source/60-ordeal-agent.rules" lib/udev/rules.d/60-ordeal-agent.rules
put 644 "$source/default" etc/default/ordeal-agent
put 644 "$source/README" usr/share/doc/ordeal-agent/README
put 644 "$control" DEBIAN/control
put 644 "$source/conffiles" DEBIAN/conffiles
put 755 "$source/postinst" DEBIAN/postinst
put 755 "$source/prerm" DEBIAN/prerm
chmod 755 "$root"
echo "Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)" >>"$root/DEBIAN/control"
dpkg-deb --root-owner-group --build "$root" "$output" >/dev/null
