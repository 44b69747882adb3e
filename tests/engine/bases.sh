#!/bin/bash
# The base images of the tests, from Debian's mirror: bases.sh FOLDER makes root file system tars there and loads them into docker
# where it does not have them. Needs root, mmdebstrap, busybox-static, python3.
#
#   debian:12, debian:bookworm, debian:latest     minbase, with the files that the official image adds
#   debian:bookworm-slim, debian:12-slim          the same without /usr/share/{doc,man,locale,...}
#   ubuntu:22.04, ubuntu:latest                   other names of debian:12, for Dockerfiles that only need an apt
#   busybox:latest, busybox:1.35                  busybox-static, a link per applet
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
export SOURCE_DATE_EPOCH=1750000000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# what the official image has besides minbase changes what a build leaves behind: no services start, no .deb is kept
debian() {
    local url
    url=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
    printf '#!/bin/sh\nexit 101\n' >"$work/policy-rc.d"
    cat >"$work/docker-clean" <<'APT'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT
    printf 'Acquire::Check-Valid-Until "false";\n' >"$work/99mirror"
    # mmdebstrap runs the hooks, and sets their $1
    # shellcheck disable=SC2016
    mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
        --customize-hook='mkdir -p "$1/etc/ssl/certs"; cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/" || true' \
        --customize-hook="install -m 755 $work/policy-rc.d \"\$1/usr/sbin/policy-rc.d\"" \
        --customize-hook="install -m 644 $work/docker-clean $work/99mirror \"\$1/etc/apt/apt.conf.d/\"" \
        --customize-hook='rm -f "$1/etc/hostname" "$1/etc/resolv.conf"' \
        bookworm "$dir/debian12.tar" ${url:+"$url"} >"$dir/mmdebstrap.log" 2>&1 || { tail -20 "$dir/mmdebstrap.log" >&2; return 1; }
}

busybox_root() {
    local root=$work/busybox applet
    mkdir -p "$root"/{bin,etc,root,tmp,var/spool/mail,dev,proc,sys,home,usr/bin,usr/sbin,sbin}
    chmod 1777 "$root/tmp"
    chmod 700 "$root/root"
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $("$root/bin/busybox" --list); do
        [ "$applet" = busybox ] || ln "$root/bin/busybox" "$root/bin/$applet"
    done
    ln -s ../../bin/env "$root/usr/bin/env"
    printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/usr/sbin:/bin/false bin:x:2:2:bin:/bin:/bin/false \
        www-data:x:33:33:www-data:/var/www:/bin/false nobody:x:65534:65534:nobody:/home:/bin/false >"$root/etc/passwd"
    printf '%s\n' root:x:0: daemon:x:1: bin:x:2: www-data:x:33: staff:x:50: nogroup:x:65534: >"$root/etc/group"
    tar --sort=name --mtime=@"$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$root" -cf "$dir/busybox.tar" .
}

# ROOTFS COMMAND NAME...: load it, unless docker has all the names
image() {
    local name missing=
    for name in "${@:3}"; do docker image inspect "$name" >/dev/null 2>&1 || missing=yes; done
    [ -n "$missing" ] || return 0
    python3 "$here/image.py" "$dir/$1" "$2" "${@:3}" | docker load -q >&2
}

[ -s "$dir/debian12.tar" ] || debian
[ -s "$dir/debian12-slim.tar" ] || python3 "$here/slim.py" "$dir/debian12.tar" "$dir/debian12-slim.tar"
[ -s "$dir/busybox.tar" ] || busybox_root
image debian12.tar bash debian:12 debian:bookworm debian:latest ubuntu:22.04 ubuntu:latest
image debian12-slim.tar bash debian:bookworm-slim debian:12-slim
image busybox.tar sh busybox:latest busybox:1.35
