# RUN --mount=type=cache: what steps keep for one another and for the next build, and is in no image.

# mount_caches: prints where caches are kept. They outlive a build of a DIR; in / they would be part of the image, so there they
# go with $state.
mount_caches() {
    if [ -n "$target_root" ]; then echo /var/cache/dock2sh; else printf '%s\n' "$state/cache"; fi
}

# A cache is known by its id, by what it begins with (`from`) and by the owner and mode that were asked for, but not if a
# `source` is: that is a place in it (BuildKit makes an owned cache as a directory in what `from` gives: an empty one). The id
# comes first in the name, for a build without a cache to find all that have it.
mount_cache_name() {
    [ "$mount_source" = / ] || mount_owned=''
    printf '%s-' "$(digest "${mount_id:-$mount_target}")"
    digest "$mount_from${mount_from:+ of $id}$mount_owned"
}

mount_cache_place() {
    mkdir -p "${mount_cache%/*}" || missing "a place for the cache: $mount_cache"
}

mount_cache() {
    [ "$mount_source" = / ] || mount_owned=''
    mount_cache=$(mount_caches)/$(mount_cache_name)
    mount_cache_place
    [ -d "$mount_cache" ] || mount_cache_new
    mount_found=$(cd -P "$mount_cache" && pwd -P) || missing "the cache $mount_cache"
    resolve_in "$mount_found" "$mount_source" || fail "$mount_source: too many links"
    mount_found=${mount_found}${resolved%/}
    [ -e "$mount_found" ] || fail "open $mount_source: no such file or directory (in the cache of $mount_target)"
    if [ -d "$mount_found" ]; then place_point "$mount_target" directory; else place_point "$mount_target" file; fi
    if [ "$mode" = plain ]; then
        swap_cache "$mount_found" "$place"
    else
        mount_word place_bind "$mount_found" "$place" "$(mount_options)"
    fi
}

# The cache is made elsewhere and gets its name by a link, which is there or not: of two builds that make it at once one loses,
# and both use what is there then.
mount_cache_new() {
    mount_made=$(mktemp -d "$mount_cache.XXXXXX") || missing "a place for the cache: $mount_cache"
    chmod 0755 "$mount_made"
    if [ -n "$mount_from" ] && [ -z "$mount_owned" ]; then
        mount_root=$(root_of "$mount_from") || exit
        copy_root "${mount_root%/}" "$mount_made"
    elif [ -n "$mount_owned" ]; then
        : "${mount_mode:=0755}"
        chown "$mount_uid:$mount_gid" "$mount_made"
        chmod "$(mount_bits 0755)" "$mount_made" # as a mkdir by dockerd, whose umask this is
    fi
    ln -sn "${mount_made##*/}" "$mount_cache" 2>/dev/null || rm -rf "$mount_made"
}

# mount_bits OF: the mode that was asked for, as far as it has bits of OF; those above 0777 have another place in a mode of Go's.
mount_bits() {
    printf '%04o\n' "$((0$mount_mode & $1))"
}

# locked and private: one step at a time has it.
mount_cache_lock() {
    while ! lock_take "$mount_cache.lock"; do
        say "waiting for a cache that process $(cat "$mount_cache.lock/pid") has"
        sleep 2
    done
    undo_later remove "$mount_cache.lock"
}
