#!/bin/busybox sh
# The first and only process of a virtual machine: it runs one script on the root file system that the machine outside shares,
# says how that ended, and switches off. It lives in the initrd, with busybox and the kernel's modules.
#
# /share (virtiofs) has root/, and bags/ with setup.sh. In the initrd: words, the script's own, a line each; home, where they want
# bags/ to be; most (see `forget`); modules/order; token; secrets/. What is said goes to a virtio port, the kernel's messages to
# the serial line.

# the machine outside, for --add-host NAME:host-gateway, as QEMU's user network has it
export PATH=/bin DOCK2SH_GATEWAY=10.0.2.2

mount_kernel() { # ROOT
    mount -t proc proc "$1/proc"
    mount -t sysfs sysfs "$1/sys"
    mount -t devtmpfs devtmpfs "$1/dev"
    mkdir -p "$1/dev/pts" "$1/dev/shm" "$1/dev/mqueue"
    mount -t devpts -o ptmxmode=0666,mode=0620,gid=5 devpts "$1/dev/pts"
    mount -t tmpfs -o nosuid,nodev,mode=1777 shm "$1/dev/shm"
    mount -t mqueue mqueue "$1/dev/mqueue" 2>/dev/null
    mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup" 2>/dev/null
}

# Addresses as QEMU's user network has them: it needs no questions asked.
network() {
    ip link set lo up
    ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ip route add default via 10.0.2.2
}

# names ROOT: what a machine has there, for the time of the script.
names() {
    mkdir -p "$1/etc"
    for name in hosts resolv.conf; do
        [ -e "$1/etc/$name" ] || [ -L "$1/etc/$name" ] || : >"$1/etc/$name"
        mount -o bind "/names/$name" "$1/etc/$name" 2>/dev/null
    done
}

# belongings DIRECTORY: bags/ there, with the secrets in memory.
belongings() {
    mkdir -p "$1"
    mount -o rbind /share/bags "$1"
    mount -o bind /secrets "$1/secrets"
}

# The file system server holds a descriptor for each file that this kernel remembers, whatever has become of it, and has no more of
# them than its limit is (RLIMIT_NOFILE): then close(2) fails here, with "bad file descriptor". So what is not in use is forgotten
# in time. `most` is how many may be known, 0: as many as there are.
forget() {
    most=$(cat /most) own=$(known) # of which the kernel has ten thousand before there is any file, for its tracing
    while [ "$most" -gt 0 ] && sleep 0.3; do
        [ "$(known)" -lt $((own + most)) ] || echo 3 >/proc/sys/vm/drop_caches # 3: with its pages a file is not forgotten
    done
}

# How many inodes this kernel remembers. Not by `read`, which asks byte for byte: this file tells one of them.
known() {
    cut -f1 /proc/sys/fs/inode-nr
}

bring() {
    while IFS= read -r word; do
        set -- "$@" "$word"
    done </words
    home=$(cat /home)
    mkdir /newroot
    mount -o bind /share/root /newroot
    if chroot /newroot /bin/sh -c : 2>/dev/null; then
        mkdir -p /newroot/proc /newroot/sys /newroot/dev
        mount_kernel /newroot
        names /newroot
        belongings "/newroot$home"
        # the words inside are for the shell in the root
        # shellcheck disable=SC2016
        chroot /newroot env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root HOSTNAME=dock2sh \
            "DOCK2SH_GATEWAY=$DOCK2SH_GATEWAY" "DOCK2SH_FETCHED=$home/repositories" DOCK2SH_MOUNTS=ours /bin/sh -c 'cd "$1/context" && shift && exec sh "$@"' sh "$home" "$home/setup.sh" "$@"
    else
        names ''
        belongings "$home"
        cd "$home/context" && DOCK2SH_FETCHED=$home/repositories sh "$home/setup.sh" --root /newroot "$@"
    fi
}

mount_kernel ''
hostname dock2sh
while read -r module; do
    insmod "/modules/$module"
done </modules/order
exec 3>/dev/vport0p1
echo ready >&3
network
mkdir /share
mount -t virtiofs dock2sh /share || echo 'the shared root cannot be mounted' >&3
forget </dev/null >/dev/null 2>&1 3>&- &
bring </dev/null >&3 2>&1
status=$?
sync
printf '\0%s %s\n' "$(cat /token)" "$status" >&3
exec 3>&-
poweroff -f
sleep 100
