# Where copied files come from: the build context as docker would see it, a stage, an image, a named context.

# What a source is, three variables say: `source_root`; `source_kind`, context or another (what comes out of a context is root's,
# without capabilities and sockets); and `source_rules`, a file of what does not exist in it, or ''.

# context: the build context; on first use the rules are written.
context() {
    source_kind=context source_rules=$state/ignore
    [ -z "${context_root-}" ] || { source_root=$context_root; return; }
    if command -v context_data >/dev/null; then
        context_root=$state/context
        mkdir -p "$context_root"
        context_data | gzip -dc | (cd "$context_root" && tar -xpf -) || fail 'the context inside this script could not be unpacked'
    else
        context_root=$(cd -P -- "${context_dir:-.}" 2>/dev/null && pwd -P && echo /) ||
            missing "the build context ${context_dir:-.}: no such directory (--context DIR says where it is)"
        context_root=${context_root%?/}
    fi
    source_root=$context_root
    context_rules >"$source_rules" || list_lost
    [ -z "${context_digest-}" ] || context_check
}

# Is the context what it was when the script was made? Its files that are read have the digest of their `sha256sum` lines, in
# order (names with a newline or a backslash are left out: tools print them each in its own way). The script itself, which may
# lie in its context, is none of them. A change is no mistake.
context_check() {
    { echo +. && context_needed | sed 's/^/-/' && context_self; } >"$state/needed"
    list_tree / -type f
    filter_list "$state/needed" ''
    context_found=$(list_as_lines | LC_ALL=C grep -v -e '[\\]' -e "$(printf '\001')" | LC_ALL=C sort | tr '\n' '\0' |
        (cd "$source_root" && xargs -0 -r sha256sum) | sha256sum)
    [ "${context_found%% *}" = "${context_digest-}" ] ||
        warn "the files of the build context are not those that were there when this script was made ($context_root)"
}

# is_transferred PATH: does docker bring it into the build? Of a context it takes what instructions name, and a directory only
# with something in it that they do.
is_transferred() {
    [ "$source_kind" = context ] || return 0
    transfer_named >"$state/needed" || return 0
    transferred_itself=
    ! is_kept "$1" || transferred_itself=$1
    : >"$state/list"
    ! [ -d "$source_root/$1" ] || list_tree "/$1"
    { printf '%s\n' "${transferred_itself:-/}" && list_as_lines | path=$1 LC_ALL=C awk '{ print ENVIRON["path"] substr($0, 2) }'; } |
        needed=$state/needed LC_ALL=C awk "$(program_bytes; program_transferred)"
}

# Prints expressions for what is named: of the context by all instructions, but all of it (context_whole) where a RUN has a tmpfs;
# of a named context by this one alone. Fails where that is not known.
transfer_named() {
    if [ "$source_root" = "${context_root-}" ]; then
        [ -z "${context_whole-}" ] && command -v context_needed >/dev/null && context_needed
        return
    fi
    eval "transfer_sources $copy_sources"
}

# transfer_sources SOURCE... DEST
transfer_sources() {
    while [ $# -gt 1 ]; do
        case $1 in
        . | / | ./) echo ^ ;;
        *) if is_wild "$1"; then transfer_wild "$1"; else printf '^%s$\n' "$(ere_of "${1#/}")"; fi | sed 's:/*\$$:(/|$):' ;;
        esac
        shift
    done
}

transfer_wild() {
    transfer_sent=$(pattern sent "$1")
    if [ -n "$transfer_sent" ]; then printf '%s\n' "$transfer_sent"; else pattern glob "$1"; fi
}

# The rule that leaves out this script, where it lies in the context.
context_self() {
    [ -f "$0" ] || return 0
    self_path=$(cd -P -- "$(dirname -- "$0")" && pwd -P)/${0##*/}
    case $self_path in
    "$context_root"/?*) printf '+^%s$\n' "$(ere_of "${self_path#"$context_root"/}")" ;;
    esac
}

# One rule a line, +ERE leaves out and -ERE takes back, the last that matches wins. Last of all: what this script itself
# makes inside of the context (--root ./out and its lock, --state ./state) is no part of it.
context_rules() {
    ! command -v ignored >/dev/null || ignored || return
    for context_own in "$target_root" "$target_root.dock2sh" "$state"; do
        case $context_own in
        "$context_root"/?*) printf '+^%s(/|$)\n' "$(ere_of "${context_own#"$context_root"/}")" || return ;;
        esac
    done
}

# ere_of TEXT: the extended regular expression that matches TEXT itself.
ere_of() {
    printf '%s\n' "$1" | LC_ALL=C sed 's/[][\\.*+?(){}|^$]/[&]/g; s/\[\([\\^]\)\]/\\\1/g'
}

# source_of NAME: the source for `copy --from=NAME`. Without NAME it is the context.
source_of() {
    [ -n "$1" ] || { context; return; }
    source_root=$(root_of "$1" && echo /) || exit
    source_root=${source_root%?/} source_kind=stage source_rules=
    source_root=${source_root%/}
    case $source_root/ in
    "$state"/carried/*) source_kind=context ;;
    "$state"/*) ;;
    *) ! is_named_context "$1" || named_context "$1" ;;
    esac
}

# is_named_context NAME: is it a directory that --build-context gives, or that is in this script?
is_named_context() {
    [ -n "$(context_given "$1")" ] || context_is_carried "$1"
}

# context_given NAME: prints the directory that --build-context gives it, in whatever spelling of NAME.
context_given() {
    [ -n "$contexts" ] || return 0
    context_wanted=$(full_reference "$1")
    eval "set -- $contexts"
    for context_pair in "$@"; do
        [ "$(full_reference "${context_pair%%=*}")" != "$context_wanted" ] || printf '%s\n' "${context_pair#*=}"
    done | tail -n 1
}

# context_known NAME: is it one that this script was made with?
context_known() {
    context_among "$1" "${known_contexts-}"
}

# context_is_carried NAME: are its files in this script?
context_is_carried() {
    context_among "$1" "${carried_contexts-}"
}

# context_among NAME NAMES
context_among() {
    [ -n "$2" ] || return 1
    context_wanted=$(full_reference "$1")
    for context_name in $2; do
        [ "$(full_reference "$context_name")" != "$context_wanted" ] || return 0
    done
    return 1
}

# context_directory NAME: prints the directory of a named context.
context_directory() {
    context_at=$(context_given "$1")
    [ -n "$context_at" ] || { context_unpacked "$1"; return; }
    (cd -P -- "$context_at" 2>/dev/null && pwd -P) || missing "the named context $1: $context_at is no directory"
}

# context_unpacked NAME: the same for one whose files are in this script.
context_unpacked() {
    context_at=$state/carried/$(digest "$1")
    if [ ! -d "$context_at" ]; then
        mkdir -p "$context_at"
        carried_context "$1" | gzip -dc | (cd "$context_at" && tar -xpf -) ||
            fail "the context $1 inside this script could not be unpacked"
    fi
    printf '%s\n' "$context_at"
}

# A named context is transferred as the main one is, without what its own .dockerignore leaves out (ignored_in prints that).
named_context() {
    source_kind=context
    [ -s "$source_root/.dockerignore" ] || return 0
    source_rules=$state/ignore.$(digest "$1")
    [ ! -f "$source_rules" ] || return 0
    ! command -v ignored_in >/dev/null || ignored_in "$1" >"$state/named"
    [ -s "$state/named" ] || missing "the rules of the context $1's .dockerignore: they are in a script that is made with \
dock2sh --build-context $1=DIR"
    read -r named_digest <"$state/named"
    sed 1d "$state/named" >"$source_rules" || list_lost
    rm -f "$state/named"
    [ "$(sha256sum <"$source_root/.dockerignore")" = "$named_digest  -" ] ||
        warn "the .dockerignore of the context $1 is not the one that was there when this script was made, which is applied"
}

# context_fill NAME DIR: a stage that begins with a named context, whose own name that may be (root_of).
context_fill() {
    copy_each=copy_path context_filling=$1
    in_root "$2" copy_all "--from=$1" -- . /
    context_filling=''
}

# source_path PATH: sets `found` to the path of PATH inside of the source with all links followed, or fails as docker does.
source_path() {
    path_followed=
    [ ! -s "$source_rules" ] || { path_followed=$state/links && : >"$path_followed"; }
    resolve_in "$source_root" "/$1" || fail "$1: too many links"
    found=$resolved path_followed=
    [ -e "$source_root$found" ] || fail "\"/${1#.}\": not found"
    { source_is_there "$1" "$found" && source_links_are_there; } || fail "\"/$1\": not found (.dockerignore leaves it out)"
}

# source_itself PATH: fails unless PATH is there without a link on the way: COPY --parents takes a link as it is, and finds
# nothing behind one.
source_itself() {
    clean_path "/$1"
    found=$cleaned
    resolve_in "$source_root" "${found%/*}/" || fail "$1: too many links"
    [ "${resolved%/}" = "${found%/*}" ] || fail "\"$found\": not found (it lies behind a link)"
    [ -e "$source_root$found" ] || [ -L "$source_root$found" ] || fail "\"$found\": not found"
    source_is_there "${found#/}" "$found" || fail "\"$found\": not found (.dockerignore leaves it out)"
}

# source_is_there PATH FOUND: neither the link nor what it means is left out. A directory is there also when something in it is:
# `dir` and `!dir/sub/file`.
source_is_there() {
    [ "$2" != / ] && [ -s "$source_rules" ] || return 0
    [ "/$1" = "$2" ] || is_kept "$1" || return 1
    ! is_kept "${2#/}" || return 0
    [ -d "$source_root$2" ] || return 1
    list_tree "$2"
    [ -s "$state/list" ]
}

# source_links_are_there: no link that source_path has followed is left out, also none between two others.
source_links_are_there() {
    [ -s "$source_rules" ] && [ -s "$state/links" ] || return 0
    cp "$state/links" "$state/list"
    filter_list "$source_rules" ''
    [ "$(wc -c <"$state/links")" -eq "$(wc -c <"$state/list")" ]
}

# is_kept PATH: no rule leaves it out.
is_kept() {
    printf './%s\0' "$1" >"$state/list" || list_lost
    filter_list "$source_rules" ''
    [ -s "$state/list" ]
}
