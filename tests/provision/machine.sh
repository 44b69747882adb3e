#!/bin/sh
# A Debian with systemd, from Debian's mirror: machine.sh FOLDER [SUITE] makes FOLDER/root where it is not there. SUITE is bookworm unless it
# is said. Needs root, mmdebstrap.
set -eu
dir=$1
[ ! -e "$dir/made" ] || exit 0
rm -rf "$dir/root" "$dir/new"
mkdir -p "$dir"
url=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
# shellcheck disable=SC2016 # mmdebstrap sets the hooks' $1
mmdebstrap --format=directory --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include=systemd,systemd-sysv,dbus,iproute2,openssh-server,python3,busybox-static,curl \
    --customize-hook='mkdir -p "$1/etc/ssl/certs"; cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/" || true' \
    --customize-hook='! [ -f /etc/pip.conf ] || cp /etc/pip.conf "$1/etc/pip.conf"' \
    --customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/machine-id"; : >"$1/etc/machine-id"' \
    --customize-hook='chroot "$1" systemctl -q disable ssh.service apt-daily.timer apt-daily-upgrade.timer' \
    "${2:-bookworm}" "$dir/new" ${url:+"$url"} >"$dir/log" 2>&1 || { tail -20 "$dir/log" >&2; exit 1; }
mv "$dir/new" "$dir/root"
: >"$dir/made"
