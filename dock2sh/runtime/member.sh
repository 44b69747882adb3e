# The members of an archive one by one, as docker does it, where tar does otherwise: links on the way that lead up or to a root of
# their own, a name that stands there twice, `..` inside of a name.

# archive_each: $state/archive/all says what there is, and in which block of the tar its content begins.
archive_each() {
    while IFS=' ' read -r member_kind member_mode member_owner member_time member_device member_block member_size member_name <&8; do
        member_name=${member_name%/}
        member_target=$(printf '%s/' "${member_name#*"$(printf '\002')"}" | tr '\001' '\n')
        member_name=$(printf '%s/' "${member_name%%"$(printf '\002')"*}" | tr '\001' '\n')
        member_put "${member_name%/}" "${member_target%/}" || fail "${member_name%/} in $archive_name cannot be unpacked"
    done 8<"$state/archive/all"
    member_times
}

# member_times: docker sets the times of directories at the end, by name, whatever stands there by then.
member_times() {
    while IFS=' ' read -r member_kind member_mode member_owner member_time member_device member_block member_size member_name <&8; do
        member_name=$(printf '%s/' "${member_name%%"$(printf '\002')"*}" | tr '\001' '\n')
        member_name=${member_name%/}
        if [ "$member_kind" != d ] || [ "$member_name" = ./ ]; then continue; fi
        member_way "${member_name%/*}"
        member_place=$archive_into$resolved/${member_name##*/}
        [ -L "$member_place" ] || touch -d "@$member_time" "$member_place" || fail "$member_place cannot be changed"
    done 8<"$state/archive/all"
    : "$member_mode$member_owner$member_device$member_block$member_size"
}

# member_put ./NAME TARGET: the destination itself is left alone.
member_put() {
    [ "$1" != ./ ] || return 0
    member_way "${1%/*}"
    member_place=$archive_into$resolved/${1##*/}
    if [ "$member_kind" != d ] || [ -L "$member_place" ] || ! [ -d "$member_place" ]; then
        rm -rf "$member_place" && member_make "$2" || return 1
    fi
    chown -h "${made_owner:-$member_owner}" "$member_place" || return 1
    [ -L "$member_place" ] || chmod "$member_mode" "$member_place" || return 1
    # docker leaves the time of a symbolic link alone when it gets another name
    [ "$member_kind" = h ] && [ -L "$member_place" ] && return
    touch -h -d "@$member_time" "$member_place"
}

# member_way ./DIRECTORY: sets `resolved` to it, inside of the destination, and makes what is missing of it.
member_way() {
    resolve_in "$archive_into" "/${1#.}" || fail "$1: too many links"
    [ -z "$path_above" ] || fail "${1#./}: path escapes from parent (a link in $archive_name leads out)"
    member_root=$root root=$archive_into
    make_directories "$resolved" 0755 ''
    root=$member_root
}

# member_make TARGET: a new file at $member_place.
member_make() {
    case $member_kind in
    d) mkdir "$member_place" ;;
    l) ln -s "$1" "$member_place" ;;
    h) member_link "$1" ;;
    p) mkfifo "$member_place" ;;
    [bc]) mknod "$member_place" "$member_kind" "${member_device%,*}" "${member_device#*,}" ;;
    *) [ "$member_size" -gt 0 ] || { : >"$member_place" && return; }
        dd if="$state/archive/tar" bs=512 skip="$member_block" count=$(((member_size + 511) / 512)) 2>/dev/null |
        head -c "$member_size" >"$member_place" ;;
    esac
}

# member_link ./TARGET: what it means may be a link itself, which is not followed.
member_link() {
    member_made=$member_place
    member_way "${1%/*}"
    member_first=$archive_into$resolved/${1##*/}
    [ -e "$member_first" ] || [ -L "$member_first" ] || fail "the hard link ${member_name%/} in $archive_name needs $1, which is not there"
    ln "$member_first" "$member_made"
}
