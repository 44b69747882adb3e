# The first process of a RUN, outside of its root still, with the tools of the machine. What it makes is what runc makes for
# docker build. Then it becomes the command: exec "$@" (see run_chain). $enter_mode plain: no namespaces, nothing to mount.

refuse() {
    [ "$enter_mode" != start ] || { printf '%s\n' "$*" >&2 && exit 3; }
    printf '%s\n' "$*" >"$enter_state/refused"
    exit 125
}

# inside PATH...: nothing on the way down to PATH is a symbolic link: what was mounted must not lead out of the root.
inside() {
    for inside_path; do
        inside_rest=${inside_path#/}/ inside_way=.
        while [ -n "$inside_rest" ]; do
            inside_way=$inside_way/${inside_rest%%/*} inside_rest=${inside_rest#*/}
            [ ! -L "$inside_way" ] || refuse "$inside_path: a mount with a symbolic link on the way is not possible"
        done
    done
}

mounted() {
    mount_said=$(mount -n "$@" 2>&1) || refuse "mount $*: $mount_said"
}

# bind FROM TARGET OPTIONS: the kernel takes no options with a new bind. util-linux does the second call itself, busybox forgets it.
bind() {
    mounted -o "bind${3:+,$3}" "$1" "$2"
    [ -z "$3" ] || [ -n "$enter_remounts" ] || mounted -o "remount,bind,$3" "$2"
}

# place KIND TARGET: the mount point, where an earlier mount has covered the one that is there. A mount in the place of one of
# docker's own takes it away: `mount` shows one.
place() {
    inside "$2"
    case $2 in /dev/shm | /dev/mqueue | /dev/pts) umount -n ".$2" 2>/dev/null ;; esac
    case $1 in
    directory) [ -d ".$2" ] || mkdir -p ".$2" ;;
    *) [ -e ".$2" ] || { mkdir -p ".${2%/*}" && : >".$2"; } ;;
    esac || refuse "$2: a mount point cannot be made"
}

place_bind() {
    if [ -d "$1" ]; then place directory "$2"; else place file "$2"; fi
    bind "$1" ".$2" "$3"
}

# place_tmpfs TARGET MODE [SIZE]
place_tmpfs() {
    place directory "$1"
    mounted -t tmpfs -o "nosuid,mode=$2${3:+,size=$3}" tmpfs ".$1"
}

# place_secret file|env SOURCE TARGET MODE UID:GID. Its content is never on a disk of ours. noexec unless its mode has an x.
place_secret() {
    [ -d "$enter_state/secret" ] || mkdir "$enter_state/secret"
    secret_number=$((${secret_number:-0} + 1))
    mounted -t tmpfs -o nosuid,nodev,size=1m,mode=0700 tmpfs "$enter_state/secret"
    if [ "$1" = env ]; then
        eval "printf %s \"\$$2\""
    else
        cat "$2"
    fi >"$enter_state/secret/$secret_number" || refuse "the secret for $3 cannot be read"
    chown "$5" "$enter_state/secret/$secret_number" && chmod "$4" "$enter_state/secret/$secret_number"
    case $4 in *[1357]*) secret_exec='' ;; *) secret_exec=,noexec ;; esac
    place_bind "$enter_state/secret/$secret_number" "$3" "ro,nosuid,nodev$secret_exec"
}

# The devices are copied: $enter_devices has those of an earlier step, which is one process instead of twelve.
devices() {
    mounted -t tmpfs -o nosuid,strictatime,size=65536k,mode=755 tmpfs dev
    if [ -d "$enter_devices" ]; then cp -a "$enter_devices/." dev/ || refuse 'dev cannot be filled'; else new_devices; fi
    # the group tty is unknown to a user namespace of one id
    mount -n -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts 2>/dev/null ||
        mounted -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620 devpts dev/pts
    mounted -t tmpfs -o nosuid,nodev,noexec,size=65536k,mode=1777 shm dev/shm
    mount -n -t mqueue -o nosuid,nodev,noexec mqueue dev/mqueue 2>/dev/null || chmod 1777 dev/mqueue
}

new_devices() {
    while read -r name major minor; do
        mknod -m 666 "dev/$name" c "$major" "$minor" 2>/dev/null || { : >"dev/$name" && bind "/dev/$name" "dev/$name" ''; }
    done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
    ln -s /proc/self/fd dev/fd && ln -s /proc/self/fd/0 dev/stdin
    ln -s /proc/self/fd/1 dev/stdout && ln -s /proc/self/fd/2 dev/stderr && ln -s pts/ptmx dev/ptmx
    mkdir dev/pts dev/shm dev/mqueue
    [ -z "$enter_devices" ] || [ ! -c dev/null ] || cp -a dev "$enter_devices" 2>/dev/null || rm -rf "$enter_devices"
}

# /sys as it is, read-only; a kernel that wants a network namespace of its own for a new one gives the machine's.
kernel() {
    mounted -t proc -o nosuid,nodev,noexec proc proc
    host_name || refuse 'the host name cannot be set: install hostname (or busybox)'
    sys=ro,
    [ "$enter_security" != insecure ] || sys=
    mount -n -t sysfs -o "${sys}nosuid,nodev,noexec" sysfs sys 2>/dev/null || machines_sys
    ! [ -d /sys/fs/cgroup ] || ! mount -n -o rbind /sys/fs/cgroup sys/fs/cgroup 2>/dev/null || [ -z "$sys" ] || groups
    [ "$enter_security" = insecure ] || covered
}

# In a user namespace what is mounted in it comes along: it may hide something.
machines_sys() {
    mount -n -o bind /sys sys 2>/dev/null || mounted -o rbind /sys sys
    mount -n -o "remount,bind,${sys}nosuid,nodev,noexec" sys 2>/dev/null || [ -z "$sys" ] ||
        mount -n -o "remount,bind,ro" sys 2>/dev/null || :
}

# In a user namespace the file is the machine's, and only the system call is allowed.
host_name() {
    { printf '%s\n' "$enter_host" >proc/sys/kernel/hostname; } 2>/dev/null || hostname "$enter_host" 2>/dev/null ||
        busybox hostname "$enter_host" 2>/dev/null
}

# The control groups, which may be one mount or one for each controller, read-only.
groups() {
    while read -r _ path _; do
        case $path in
        /sys/*) ;;
        */sys/fs/cgroup | */sys/fs/cgroup/*)
            mount -n -o remount,bind,ro,nosuid,nodev,noexec "sys/fs/cgroup${path##*/sys/fs/cgroup}" 2>/dev/null ;;
        esac
    done </proc/self/mounts
}

# What docker makes read-only and what it covers (runc's readonlyPaths and maskedPaths).
covered() {
    for path in bus fs irq sys sysrq-trigger; do
        [ ! -e "proc/$path" ] || bind "proc/$path" "proc/$path" ro,nosuid,nodev,noexec
    done
    for path in proc/asound proc/acpi proc/kcore proc/keys proc/latency_stats proc/timer_list proc/timer_stats \
        proc/sched_debug proc/scsi sys/firmware sys/devices/virtual/powercap; do
        if [ -d "$path" ]; then
            mounted -t tmpfs -o ro,size=4k,nr_inodes=1 tmpfs "$path"
        elif [ -e "$path" ]; then
            bind dev/null "$path" ''
        fi
    done
}

# network none: only lo, and it is up.
loopback() {
    ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || busybox ip link set lo up 2>/dev/null ||
        perl -e '$up = pack("a16sx14", "lo", 0x49); socket(S, 2, 2, 0) && ioctl(S, 0x8914, $up) or exit 1' 2>/dev/null ||
        refuse 'network none: a tool to start the loopback interface is missing here: install iproute2'
}

names() {
    inside /etc/hosts /etc/resolv.conf
    bind "$enter_state/hosts" ".$enter_hosts" ro,nosuid,nodev,noexec
    bind "$enter_state/resolv.conf" ".$enter_resolv" ro,nosuid,nodev,noexec
}

# uncovered PATH...: what the machine has mounted there would lie under our own, for /proc/mounts to show. (Where that is not
# allowed it stays.)
uncovered() {
    for path; do
        while umount -n -l "./$path" 2>/dev/null; do :; done
    done
}

# The root becomes the namespace's own root, on top of all: a command that gets out of its chroot finds itself there again.
namespace() {
    top=$enter_root
    [ -n "$top" ] || { top=$enter_state/top && mkdir -p "$top"; }
    mounted -o rbind "${enter_root:-/}" "$top"
    cd "$top" || refuse "cd $top"
    inside /dev /proc /sys /etc/hosts /etc/resolv.conf
    [ -n "$enter_root" ] || uncovered dev proc sys etc/hosts etc/resolv.conf etc/hostname
    devices
    kernel
    [ "$enter_network" != none ] || loopback
    names
    ! [ -s "$enter_state/mounts" ] || . "$enter_state/mounts"
    [ -z "$enter_shm" ] || place_tmpfs /dev/shm 1777 "$enter_shm" # whatever the RUN itself mounts there, as in BuildKit
    [ -d ".$enter_wd" ] || place directory "$enter_wd"
    inside "$enter_wd"
    mounted -o move "$top" /
}

# start --root DIR: the same places, but the machine's processes, names and terminal.
borrowed() {
    mounted -o rbind "$enter_root" "$enter_root"
    cd "$enter_root" || exit 1
    inside /dev /proc /sys /etc/hosts /etc/resolv.conf
    mkdir -p dev proc sys
    devices
    mount -n -o rbind /dev/pts dev/pts
    mounted -t proc -o nosuid,nodev,noexec proc proc
    bind /sys sys ro,nosuid,nodev,noexec
    for file in etc/hosts etc/resolv.conf; do
        ! [ -f "/$file" ] || ! [ -f "$file" ] || bind "/$file" "$file" ''
    done
    mounted -o move "$enter_root" /
}

# began FIELDS: prints when a process began, of proc(5)'s stat behind the name: its number may be another's by the time that one asks.
began() {
    fields=$1
    for behind in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do fields=${fields#* }; done
    echo "${fields%% *}"
}

# The number of this process as the script knows it, for the script to end it; and docker makes the pipes the user's: programs
# open /dev/stdout.
first_process() {
    umask 022
    number=$$ stat=''
    ! [ -r /proc/self/stat ] || read -r stat </proc/self/stat
    [ "$enter_mode" = plain ] || number=${stat%% *}
    [ -n "$number" ] || refuse 'there is no /proc here'
    began "${stat##*) }" >"$enter_state/born"
    echo "$number" >"$enter_state/pid"
    [ ! -s "$enter_state/interrupted" ] || exit 130
    [ "$enter_uid" = 0 ] || for descriptor in 0 1 2; do
        [ ! -p "/proc/$number/fd/$descriptor" ] || chown "$enter_uid" "/proc/$number/fd/$descriptor"
    done
    [ "$enter_mode" = plain ] || namespace
    : >"$enter_state/refused"
}

case $enter_mode in
start) borrowed ;;
*) first_process ;;
esac
exec "$@"
