# sh -c PROGRAM sh DIR, in new namespaces: may we mount in them? Prints `once` where one call is enough for a read-only bind mount
# (util-linux has done the kernel's second call itself since 2.27; before, and in busybox, the mount is writable without a word).
mount -n -t tmpfs tmpfs "$1" && mkdir "$1/proc" && mount -n -t proc proc "$1/proc" || exit
mkdir "$1/bound"
! mount -n -o bind,ro "$1/bound" "$1/bound" || (: >"$1/bound/written") || echo once
