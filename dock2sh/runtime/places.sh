# Places in the root for what is mounted or put there during a step.

# places_full: what every step has mounted. The files go again.
places_full() {
    place_covers=''
    places_kernel
    place_point /etc/hosts file
    place_hosts=$place
    place_point /etc/resolv.conf file
    place_resolv=$place
    : "$place_hosts$place_resolv"
}

# /proc, /sys and /dev stay in the image, as with docker.
places_kernel() {
    for place_name in /proc /sys /dev; do
        [ ! -L "$root$place_name" ] || fail "$place_name of the root is a symbolic link: nothing can be mounted there"
        [ -d "$root$place_name" ] || mkdir -m 0755 "$root$place_name" || fail "mkdir $place_name"
    done
}

# places_plain: / has its devices and names already. A DIR gets the devices and the names that a step cannot do without.
places_plain() {
    [ -n "$root" ] || return 0
    for place_name in hosts resolv.conf; do
        [ -f "/etc/$place_name" ] || continue # a bare chroot has none to give
        place_point "/etc/$place_name" file
        swap_copy "/etc/$place_name" "$place"
    done
    for place_name in proc sys dev; do # mount points, which stay in the image, as with docker
        [ -d "$root/$place_name" ] || mkdir -m 0755 "$root/$place_name"
    done
    while read -r place_name place_minor; do
        [ -e "$root/dev/$place_name" ] || place_device "$place_name" "$place_minor"
    done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
}

# place_device NAME 'MAJOR MINOR'
place_device() {
    undo_later remove "$root/dev/$1"
    mknod -m 666 "$root/dev/$1" c "${2% *}" "${2#* }" 2>/dev/null || [ -n "${place_told-}" ] || {
        warn "devices cannot be made here (no right to mknod): steps in $root have no /dev/$1"
        place_told=1
    }
}

# place_point TARGET directory|file: sets `place`, the path of TARGET inside the root with links followed, and makes what is
# missing of it; that goes again after the step if nothing is in it. What lies in /dev or /proc, or in a directory that an earlier
# mount of the step covers, is not the root's own: there programs/enter.sh makes it.
place_point() {
    resolve "$1"
    place=$resolved
    case $mode$place in
    full/dev/* | full/proc/* | full/sys/*) return 0 ;;
    full*)
        ! eval "place_is_covered $place_covers" || return 0
        [ "$2" = file ] || place_covers="$place_covers $(quote "$place")" ;;
    esac
    place_rest=${place#/}/ place_way=$root
    while [ -n "$place_rest" ]; do
        place_way=$place_way/${place_rest%%/*} place_rest=${place_rest#*/}
        [ ! -e "$place_way" ] || continue
        undo_later stub "$place_way"
        if [ -z "$place_rest" ] && [ "$2" = file ]; then : >"$place_way"; else mkdir -m 0755 "$place_way"; fi ||
            fail "the mount point $1 cannot be made"
    done
}

# place_is_covered DIRECTORY...: does `place` lie in one of them?
place_is_covered() {
    for place_cover; do
        case $place in "$place_cover"/*) return 0 ;; esac
    done
    return 1
}

# swap_away PLACE: what is there goes aside and comes back after the step. It is noted first: a script may be killed after any line, and
# the disk may be full.
swap_away() {
    swap_number=$((${swap_number-0} + 1))
    swap_hidden=$state/hidden.$swap_number
    undo_later back "$root$1" "$swap_hidden"
    mv "$root$1" "$swap_hidden" || fail "$1 is in use (a mount of this container?): a mount of the step cannot be put there"
    undo_later remove "$root$1"
}

# swap_copy FROM PLACE
swap_copy() {
    swap_away "$2"
    if [ -d "$1" ]; then
        mkdir "$root$2"
        copy_root "$1" "$root$2"
    else
        cp -p "$1" "$root$2" || fail "$2 cannot be put in place"
    fi
}

# swap_directory PLACE MODE
swap_directory() {
    swap_away "$1"
    mkdir -m "$2" "$root$1"
}

# swap_cache CACHE PLACE
swap_cache() {
    swap_away "$2"
    undo_later store "$root$2" "$1"
    mv "$1" "$root$2" || fail "the cache for $2 cannot be put in place"
}

# swap_secret PLACE MODE UID:GID: for this step only, and never readable by others.
swap_secret() {
    swap_away "$1"
    if ! { (umask 077 && secret_text >"$root$1") && chown "$3" "$root$1" && chmod "$2" "$root$1"; }; then
        fail "the secret for $1 cannot be put in place"
    fi
}

# swap_link SOCKET PLACE: a link serves in /; into another root a socket gets only by its own inode.
swap_link() {
    swap_away "$2"
    if [ -z "$root" ]; then
        ln -s "$1" "$2"
    else
        ln "$1" "$root$2" 2>/dev/null ||
            missing "the agent's socket in $root$2: it must lie on the same file system ($1 does not)"
    fi
}
