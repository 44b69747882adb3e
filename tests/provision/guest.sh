#!/bin/sh
# A Debian 12 with Debian's cloud kernel, cloud-init and SELinux (labelled; permissive), from Debian's mirror: guest.sh FOLDER makes FOLDER/disk (ext4), FOLDER/kernel and
# FOLDER/initrd where they are not there, and FOLDER/key, which opens it. Needs root, mmdebstrap.
set -eu
dir=$1
[ ! -e "$dir/made" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir"
ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
url=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
# what cloud-init does besides user-data is not what is looked at, and slow on a processor of software
cat >"$dir/cloud.cfg" <<'CFG'
disable_root: false
datasource_list: [NoCloud]
locale: false
ssh_deletekeys: false
cloud_init_modules: [write-files, set_hostname, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
CFG
# shellcheck disable=SC2016 # mmdebstrap sets the hooks' $1
mmdebstrap --format=directory --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include=systemd,systemd-sysv,dbus,udev,iproute2,ifupdown,isc-dhcp-client,openssh-server,cloud-init,curl,initramfs-tools \
    --include=linux-image-cloud-amd64,selinux-policy-default,auditd \
    --customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/machine-id"; : >"$1/etc/machine-id"' \
    --customize-hook='echo "LABEL=root / ext4 defaults 0 1" >"$1/etc/fstab"' \
    --customize-hook="upload '$dir/cloud.cfg' /etc/cloud/cloud.cfg.d/99_test.cfg" \
    --customize-hook='mkdir -p -m 0700 "$1/root/.ssh"' \
    --customize-hook="upload '$dir/key.pub' /root/.ssh/authorized_keys" \
    --customize-hook='chroot "$1" systemctl -q mask serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service e2scrub_all.timer fstrim.timer dpkg-db-backup.timer' \
    --customize-hook='chroot "$1" setfiles -F -e /proc -e /sys -e /dev /etc/selinux/default/contexts/files/file_contexts /' \
    bookworm "$dir/root" ${url:+"$url"} >"$dir/log" 2>&1 || { tail -20 "$dir/log" >&2; exit 1; }
cp "$dir"/root/boot/vmlinuz-* "$dir/kernel"
cp "$dir"/root/boot/initrd.img-* "$dir/initrd"
mke2fs -q -t ext4 -L root -d "$dir/root" "$dir/disk" 3G
rm -rf "$dir/root"
: >"$dir/made"
