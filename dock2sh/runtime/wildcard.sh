# Wildcards in sources: Go's filepath.Match over the paths of the source, in the order of a lexical walk.

# is_wild PATH: an unescaped * ? or [ makes it a wildcard.
is_wild() {
    wild_rest=$1
    while :; do
        case $wild_rest in
        \\?*) wild_rest=${wild_rest#??} ;;
        [*?[]*) return 0 ;;
        ?*) wild_rest=${wild_rest#?} ;;
        *) return 1 ;;
        esac
    done
}

# wildcard PATH TOGETHER: $state/wild becomes the matches, lines for copy_matches, several files in one where TOGETHER is not
# empty. No match is no error, as in docker; a missing directory before the first
# wildcard is one.
wildcard() {
    : >"$state/wild"
    wildcard_split "$1"
    resolve_in "$source_root" "/$wild_base" || fail "$1: too many links"
    wild_dir=$resolved
    if ! [ -d "$source_root$wild_dir" ]; then
        # nothing is below a file; one of a context is not even transferred for such a pattern alone
        [ -e "$source_root$wild_dir" ] || wildcard_fails
        is_transferred "${wild_dir#/}" || wildcard_fails
        return 0
    fi
    wild_depth=$(printf %s "$wild_tail" | tr -dc / | wc -c)
    wild_depth=$((wild_depth + 1))
    wildcard_files "$2"
    wildcard_candidates
    wild_ere=$(pattern glob "$1") || fail "there is no expression for $1"
    list_as_lines | base=$wild_base ere=$wild_ere LC_ALL=C awk "$(program_bytes; program_matches)" >"$state/wild.names" || list_lost
    [ -z "$(pattern sent "$1")" ] || wildcard_sent
    tr / '\002' <"$state/wild.names" | LC_ALL=C sort | tr '\002' / |
        base=$wild_base plain="$state/wild.plain" into=$state LC_ALL=C awk "$(program_groups)" >"$state/wild" || list_lost
    list_room
    [ -s "$state/wild" ] || [ "$wild_dir" = / ] || is_transferred "${wild_dir#/}" || wildcard_fails
}

# Keeps of $state/wild.names what docker brings in: it reads the pattern as a line of an ignore file then, in which `x/**y` and
# `[[:alpha:]]` mean something else.
wildcard_sent() {
    mv -f "$state/wild.names" "$state/wild.all" && : >"$state/wild.names"
    while IFS= read -r sent_name; do
        is_transferred "$sent_name" </dev/null || continue
        printf '%s\n' "$sent_name" >>"$state/wild.names" || list_lost
    done <"$state/wild.all"
}

wildcard_fails() {
    fail "lstat /${wild_base%/}: no such file or directory"
}

# Sets `wild_base` to the directories before the first wildcard ('' or with a / at the end), `wild_tail` to the rest.
wildcard_split() {
    wild_base='' wild_tail=$1
    while :; do
        case $wild_tail in */*) ;; *) return ;; esac
        ! is_wild "${wild_tail%%/*}" || return 0
        wild_base=$wild_base${wild_tail%%/*}/ wild_tail=${wild_tail#*/}
    done
}

# What may match, in $state/list: of wildcards only a class crosses a slash, so else one depth is enough. With rules all is listed,
# for a directory may be there only because of something deep inside of it.
wildcard_candidates() {
    case $wild_tail in *\[*) wild_deep=yes ;; *) wild_deep='' ;; esac
    if [ -n "$wild_deep" ] || [ -s "$source_rules" ]; then
        list_tree "$wild_dir"
    else
        list_tree "$wild_dir" -mindepth "$wild_depth" -maxdepth "$wild_depth"
    fi
    list_is_plain
}

# Regular files with a single name, as lines: these can be copied in one go (a tar would keep hard links, which docker does not
# keep between two sources).
wildcard_files() {
    : >"$state/wild.plain"
    [ -n "$1" ] || return 0
    (cd "$source_root$wild_dir" && find . -mindepth "$wild_depth" -maxdepth "$wild_depth" -type f -links 1 -print0) |
        tr '\n\0' '\001\n' >"$state/wild.plain" || list_lost
}
