#!/bin/bash
# A real, modern Docker Engine for the tests, on any Debian 12 as root, from Debian's mirror alone: sid's docker.io (28.x with
# BuildKit) and docker-buildx in a root and a mount namespace of their own. The machine's packages are left as they are, and an
# engine that already runs here is not disturbed: this one has a bridge, a socket and a folder of its own.
#
#   eval "$(tests/engine/start.sh)"     start it if it does not run, load the base images; sets DOCKER_HOST, DOCKER_CONFIG, PATH
#   tests/engine/start.sh stop          stop it
#
# The first start takes two minutes and 1.5 GB below ~/.cache/dock2sh-engine (ENGINE_DIR), the next ones a second.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${ENGINE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dock2sh-engine}
root=$dir/root run=$dir/run bridge=dock2sh0 net=172.29.0
loader="$root/lib64/ld-linux-x86-64.so.2 --library-path $root/usr/lib/x86_64-linux-gnu"

needs() {
    local packages=() pair
    for pair in mmdebstrap:mmdebstrap iptables:iptables ip:iproute2 curl:curl busybox:busybox-static python3:python3; do
        command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
    done
    [ ${#packages[@]} -eq 0 ] && return
    apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${packages[@]}" >&2
}

# Debian's mirror as this machine knows it; empty: mmdebstrap's default
mirror() {
    awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true
}

# sid's docker, run through sid's own loader, so that the paths of this machine stay valid for it
install_engine() {
    local url
    if [ ! -x "$root/usr/sbin/dockerd" ]; then
        url=$(mirror)
        rm -rf "$root"
        mmdebstrap --aptopt='Acquire::Check-Valid-Until "false"' --variant=minbase \
            --include=docker.io,docker-cli,docker-buildx,containerd,runc,iptables,ca-certificates,git,openssh-client,procps,xz-utils \
            sid "$root" ${url:+"$url"} >"$dir/mmdebstrap.log" 2>&1 || { tail -20 "$dir/mmdebstrap.log" >&2; return 1; }
    fi
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    # the daemon calls xz for ADD of a .tar.xz, ssh for a repository; a root of an earlier day is without them
    if [ ! -x "$root/usr/bin/xz" ] || [ ! -x "$root/usr/bin/ssh" ]; then
        chroot "$root" sh -c 'apt-get -qq update && apt-get -qq -y install --no-install-recommends xz-utils openssh-client' \
            >>"$dir/mmdebstrap.log" 2>&1
    fi
    if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"; fi
    wrapper docker /usr/bin/docker "$dir/bin"
    wrapper docker-buildx /usr/libexec/docker/cli-plugins/docker-buildx "$dir/config/cli-plugins"
    [ -f "$dir/config/config.json" ] || echo '{}' >"$dir/config/config.json"
}

wrapper() { # NAME PROGRAM FOLDER; moved into place, since another session may be running it
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$loader" "$root$2" >"$3/.$1.$$"
    chmod +x "$3/.$1.$$"
    mv "$3/.$1.$$" "$3/$1"
}

# a bridge and rules of its own, so that another engine's are not touched
network() {
    echo 1 >/proc/sys/net/ipv4/ip_forward
    if ! ip link show "$bridge" >/dev/null 2>&1; then
        ip link add "$bridge" type bridge
        ip addr add "$net.1/16" dev "$bridge"
        ip link set "$bridge" up
    fi
    rule nat POSTROUTING -s "$net.0/16" ! -o "$bridge" -j MASQUERADE
    rule filter FORWARD -i "$bridge" -j ACCEPT
    rule filter FORWARD -o "$bridge" -j ACCEPT
}

rule() { iptables -t "$1" -C "${@:2}" 2>/dev/null || iptables -t "$1" -I "${@:2}"; }

# the classic store keeps layers as directories that can be mounted; an image that is not here fails at once instead of asking
# the internet for it
daemon_files() {
    cat >"$dir/daemon.json" <<J
{ "features": { "containerd-snapshotter": false },
  "builder": { "gc": { "enabled": false }, "entitlements": { "security-insecure": true, "network-host": true } } }
J
    cat >"$dir/inner.sh" <<I
set -e
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mkdir -p .old proc sys dev run tmp ".$dir"
mount --rbind /proc proc; mount --rbind /sys sys; mount --rbind /dev dev
mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
mkdir -p ".$dir"; mount --rbind "$dir" ".$dir"
pivot_root . .old; cd /
umount -l /.old
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
export HTTP_PROXY=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=localhost,127.0.0.0/8,172.16.0.0/12
exec dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/exec" \\
    -H "unix://$run/docker.sock" -p "$run/docker.pid" --bridge=$bridge --iptables=false --ip6tables=false \\
    --live-restore=false --insecure-registry 127.0.0.0/8
I
}

alive() { curl -sf --max-time 3 --unix-socket "$run/docker.sock" http://d/_ping >/dev/null 2>&1; }

start() {
    network
    daemon_files
    rm -f "$run/docker.pid" "$run/docker.sock"
    setsid unshare -m --propagation private bash "$dir/inner.sh" >"$dir/dockerd.log" 2>&1 </dev/null &
    for _ in $(seq 150); do
        if alive; then return; fi
        sleep 0.2
    done
    tail -20 "$dir/dockerd.log" >&2
    return 1
}

stop() {
    [ -s "$run/docker.pid" ] || return 0
    local pid
    pid=$(cat "$run/docker.pid")
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 50); do
        if ! kill -0 "$pid" 2>/dev/null; then return; fi
        sleep 0.2
    done
}

if [ "${1:-}" = stop ]; then
    stop
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "the test engine needs root: sudo -E $0" >&2
    exit 3
fi
mkdir -p "$run" "$dir/data" "$dir/exec" "$dir/bin" "$dir/config/cli-plugins" "$dir/bases"
exec 9>"$dir/lock"
flock 9 # two sessions at once: the second one finds the engine running
if ! alive; then
    needs
    install_engine
    start 9>&- # the daemon must not inherit the lock
    echo "# started"
fi
export DOCKER_HOST=unix://$run/docker.sock DOCKER_CONFIG=$dir/config PATH=$dir/bin:$PATH
"$here/bases.sh" "$dir/bases" >&2
printf 'export DOCKER_HOST=%q DOCKER_CONFIG=%q PATH=%q:%s\n' "$DOCKER_HOST" "$DOCKER_CONFIG" "$dir/bin" "\"\$PATH\""
