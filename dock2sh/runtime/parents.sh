# COPY --parents: the path of a source is kept below the destination, from the pivot /./ on.

parents() {
    case $1 in
    */./*) parents_base=${1%%/./*} parents_rest=${1#*/./} ;;
    *) parents_base=. parents_rest=${1#./} ;;
    esac
    parents_rest=${parents_rest:-.}
    case $parents_rest in .) fail "\"/${1#.}\": not found (BuildKit finds no whole directory here)" ;; esac
    if is_wild "$parents_base"; then
        parents_matches "$parents_base" "$2"
    else
        is_wild "$1" || source_itself "$parents_base/$parents_rest"
        parents_below "$parents_base"
        is_wild "$1" || parents_found || fail "\"/${1#./}\": not found (--exclude leaves it out)"
        parents_put "$2"
    fi
}

# parents_matches PATTERN DEST: each match of what stands before the pivot is a source of its own; a file is copied as it is.
parents_matches() {
    wildcard "$1" ''
    while IFS= read -r parents_line <&8; do
        parents_base=$(printf '%s/' "${parents_line#* }" | tr '\001' '\n')
        parents_base=${parents_base%/}
        source_path "$parents_base"
        if [ -d "$source_root$found" ]; then
            parents_below "$parents_base"
            parents_put "$2"
        else
            copy_path "$parents_base" "$2"
        fi
    done 8<"$state/wild"
}

# parents_below BASE: $state/list becomes what matches, all below it, and the directories above it.
parents_below() {
    source_path "$1"
    parents_base=${found%/}
    list_tree "$parents_base/"
    parents_ere=$(pattern exclude "$parents_rest") || fail "there is no expression for $parents_rest"
    printf '+.\n-%s\n' "$parents_ere" >"$state/parents"
    filter_list "$state/parents" ''
    filter_list "$state/exclude" ''
}

# parents_put DEST
parents_put() {
    [ -n "$parents_base" ] || links_lead
    resolve "$1"
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    transfer "$source_root$parents_base/" "$state/list" "$root$resolved" parents "$put_owner" "$chmod_spec"
}

# parents_found: is the source in the list, or something below it?
parents_found() {
    [ -s "$state/exclude" ] || return 0
    list_as_lines | path=$(printf %s "./${parents_rest%/}" | tr '\n' '\001') LC_ALL=C awk '
        $0 == ENVIRON["path"] || index($0, ENVIRON["path"] "/") == 1 { found = 1 }
        END { exit !found }'
}
