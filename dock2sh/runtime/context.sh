# Where copied files come from: the build context as docker would see it, a stage, an image, a named context.

# context: sets `source_root` to the build context, and on first use writes the rules of what does not exist in it.
context() {
    source_kind=context
    [ -z "${context_root-}" ] || { source_root=$context_root; return; }
    if command -v context_data >/dev/null; then
        context_root=$state/context
        mkdir -p "$context_root"
        context_data | gzip -dc | tar -C "$context_root" -xpf - || fail 'the context inside this script could not be unpacked'
    else
        context_root=$(cd -P "${context_dir:-.}" 2>/dev/null && pwd -P && echo /) || missing "the build context ${context_dir:-.}: \
no such directory (--context DIR says where it is)"
        context_root=${context_root%?/}
    fi
    source_root=$context_root
    context_rules >"$state/ignore"
}

# One rule a line, +ERE leaves out and -ERE takes back, the last that matches wins. Last of all: what this script itself
# makes inside of the context (--root ./out, --state ./state) is no part of it.
context_rules() {
    ! command -v ignored >/dev/null || ignored
    for context_own in "$root" "$state"; do
        case $context_own in
        "$context_root"/?*) printf '+^%s(/|$)\n' "$(ere_of "${context_own#"$context_root"/}")" ;;
        esac
    done
}

# ere_of TEXT: the extended regular expression that matches TEXT itself.
ere_of() {
    printf '%s\n' "$1" | LC_ALL=C sed 's/[][\\.*+?(){}|^$]/[&]/g; s/\[\([\\^]\)\]/\\\1/g'
}

# source_of NAME: sets `source_root` for `copy --from=NAME`. Without NAME it is the context.
source_of() {
    [ -n "$1" ] || { context; return; }
    source_kind=stage
    source_root=$(root_of "$1") || fail "there is no stage or image $1 to copy from"
    source_root=${source_root%/}
}

# source_path PATH: sets `found` to the path of PATH inside of the source with all links followed, or fails as docker does.
source_path() {
    resolve_in "$source_root" "/$1" || fail "$1: too many links"
    found=$resolved
    [ -e "$source_root$found" ] || fail "\"/${1#.}\": not found"
    [ "$source_kind" != context ] || source_is_there "$1" "$found" || fail "\"/$1\": not found (.dockerignore leaves it out)"
}

# source_is_there PATH FOUND: neither is left out. A directory is there when something in it is: `dir` and `!dir/sub/file`.
source_is_there() {
    [ "$2" != / ] && [ -s "$state/ignore" ] || return 0
    printf './%s\0.%s\0' "${1#/}" "$2" >"$state/list"
    filter_list "$state/ignore" ''
    [ "$(tr -dc '\0' <"$state/list" | wc -c)" -lt 2 ] || return 0
    [ -d "$source_root$2" ] || return 1
    list_tree "$2"
    [ -s "$state/list" ]
}
