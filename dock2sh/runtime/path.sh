# Paths inside the root file system that is being built. No symbolic link leads out of it, as in docker's own look-ups.

# resolve PATH: sets `resolved` to PATH with its symbolic links followed inside $root; what does not exist stays as it is.
# The result begins with a slash, so "$root$resolved" is always a path of the machine. Fails on a loop of links.
resolve() {
    resolve_in "$root" "$1" || fail "$1: too many links"
}

# resolve_in ROOT PATH: the same inside ROOT ('' or an absolute path). Sets `path_above` if a `..` would have led out of it.
resolve_in() {
    path_root=$1 path_rest=$2/ path_links=0 resolved='' path_above=''
    while [ -n "$path_rest" ]; do
        path_part=${path_rest%%/*} path_rest=${path_rest#*/}
        case $path_part in
        '' | .) ;;
        ..) [ -n "$resolved" ] || path_above=yes
            resolved=${resolved%/*} ;;
        *) resolve_part || return 1 ;;
        esac
    done
    resolved=${resolved:-/}
    : "$path_above"
}

# One step of resolve_in: a link's target goes before the rest of the way; 255 links are docker's limit too. Into the file
# path_followed, if one is wanted, go the links, each where it lies.
resolve_part() {
    if ! [ -L "$path_root$resolved/$path_part" ]; then
        resolved=$resolved/$path_part
        return
    fi
    [ -z "${path_followed-}" ] || printf './%s\0' "${resolved#/}${resolved:+/}$path_part" >>"$path_followed"
    path_links=$((path_links + 1))
    [ "$path_links" -le 255 ] || return 1
    path_target=$(readlink -n "$path_root$resolved/$path_part" && printf /)
    case $path_target in /*) resolved= ;; esac
    path_rest=$path_target$path_rest
}

# clean_path PATH: sets `cleaned` to the absolute PATH without `.`, `..` and double slashes, as text (Go's path.Clean).
clean_path() {
    path_rest=$1/ cleaned=
    while [ -n "$path_rest" ]; do
        path_part=${path_rest%%/*} path_rest=${path_rest#*/}
        case $path_part in
        '' | .) ;;
        ..) cleaned=${cleaned%/*} ;;
        *) cleaned=$cleaned/$path_part ;;
        esac
    done
    cleaned=${cleaned:-/}
}

# make_directories PATH MODE OWNER: each missing directory of the resolved PATH. OWNER may be empty. There is no chmod, so that
# below a setgid directory the kernel hands on its group and bit, as it does to docker's mkdir.
make_directories() {
    path_rest=${1#/}/ path_made=
    while [ -n "$path_rest" ]; do
        path_made=$path_made/${path_rest%%/*} path_rest=${path_rest#*/}
        [ ! -d "$root$path_made" ] || continue
        ! [ -e "$root$path_made" ] || fail "mkdir $path_made: not a directory"
        (umask "$(printf %o $((0777 & ~$2)))" && mkdir "$root$path_made") || fail "mkdir $path_made"
        [ -z "$3" ] || chown "$3" "$root$path_made" || fail "chown $3 $path_made"
    done
}
