# COPY --parents: the path of a source is kept below the destination, from the pivot /./ on.

parents() {
    case $1 in
    */./*) parents_base=${1%%/./*} parents_rest=${1#*/./} ;;
    *) parents_base=. parents_rest=${1#./} ;;
    esac
    parents_rest=${parents_rest:-.}
    case $parents_rest in .) fail "\"/${1#.}\": not found (BuildKit finds no whole directory here)" ;; esac
    is_wild "$1" || source_itself "$parents_base/$parents_rest"
    source_path "$parents_base"
    parents_base=${found%/}
    list_tree "$parents_base/"
    # what matches, all below it, and the directories above it
    parents_ere=$(pattern exclude "$parents_rest") || fail "there is no expression for $parents_rest"
    printf '+.\n-%s\n' "$parents_ere" >"$state/parents"
    filter_list "$state/parents" ''
    filter_list "$state/exclude" ''
    is_wild "$1" || parents_left "./$parents_rest" || fail "\"/${1#./}\": not found (--exclude leaves it out)"
    [ -n "$parents_base" ] || links_lead
    resolve "$2"
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    transfer "$source_root$parents_base/" "$state/list" "$root$resolved" parents "$put_owner" "$chmod_spec"
}

# parents_left ./PATH: is it in the list, or something below it?
parents_left() {
    [ -s "$state/exclude" ] || return 0
    list_as_lines | path=$(printf %s "${1%/}" | tr '\n' '\001') LC_ALL=C awk '
        $0 == ENVIRON["path"] || index($0, ENVIRON["path"] "/") == 1 { found = 1 }
        END { exit !found }'
}
