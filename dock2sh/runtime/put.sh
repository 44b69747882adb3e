# One source of a COPY: a directory, or anything else.

# copy_path SOURCE DEST: a directory's contents go into DEST, anything else to where put_file puts it.
copy_path() {
    source_path "$1"
    if [ -d "$source_root$found" ]; then
        put_directory "$found" "$2"
    else
        put_file "$source_root$found" "${1##*/}" "$2"
    fi
}

# put_directory FOUND DEST: the directory itself lends its time only, never its mode or owner: BuildKit makes DEST first and
# then copies what is in the directory.
put_directory() {
    [ "$1" != / ] || put_links
    put_contents "$@"
}

put_contents() {
    put_time=$(stat -c %Y "$source_root$1")
    list_tree "$1"
    filter_list "$state/exclude" ''
    resolve "$2"
    case $2 in
    */) ;;
    *) [ -d "$root$resolved" ] || ! [ -e "$root$resolved" ] || fail "cannot copy to non-directory: $resolved" ;;
    esac
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    put_into=$root$resolved
    transfer "$source_root$1" "$state/list" "$put_into" merge "$put_owner" "$chmod_spec"
    touch -d "@$put_time" "$put_into" || fail "the time of ${put_into#"$root"} cannot be set"
}

# put_links: with --exclude BuildKit follows the links at the top of a whole context or stage; one that leads nowhere fails.
put_links() {
    [ -s "$state/exclude" ] || return 0
    list_tree / -maxdepth 1 -type l
    filter_list "$state/exclude" ''
    links_lead
}

# links_lead: fails where a link at the top of $state/list, which is one of the whole source, leads nowhere.
links_lead() {
    list_as_lines | grep -v '^[.]/.*/' >"$state/top-links"
    mv -f "$state/list" "$state/list.whole"
    while IFS= read -r put_link <&8; do
        put_link=$(printf '%s/' "${put_link#./}" | tr '\001' '\n')
        ! [ -L "$source_root/${put_link%/}" ] || source_path "${put_link%/}"
    done 8<"$state/top-links"
    mv -f "$state/list.whole" "$state/list"
}

# put_file FILE NAME DEST: puts a file (or device...) of the machine to DEST/NAME if DEST is a directory or ends in a slash,
# else to DEST.
put_file() {
    resolve "$3"
    put_into=$resolved put_name=$2
    case $3 in
    */) ;;
    *) [ -d "$root$resolved" ] || put_into=${resolved%/*} put_name=${resolved##*/} ;;
    esac
    put_into=${put_into:-/}
    make_directories "$put_into" "$(created_mode "$chmod_spec")" "$made_owner"
    rm -rf "$state/one"
    transfer_tool
    put_follow=follow
    { mkdir "$state/one" && put_named "$1" "$state/one/$put_name"; } || fail "$put_name cannot be put into $put_into"
    printf './%s\0' "$put_name" >"$state/list" || list_lost
    transfer "$state/one" "$state/list" "$root$put_into" merge "$put_owner" "$chmod_spec" "$put_follow"
}

# put_named FILE PATH: FILE by another name. That is a link to it, but for an empty file a copy: GNU tar does not open what is
# empty, and takes the attributes of the link instead.
put_named() {
    if [ "$transfer_by" = transfer_by_tar ] && [ -f "$1" ] && ! [ -s "$1" ] && ! [ -L "$1" ]; then
        put_follow=
        : >"$state/linked"
        printf './%s\0' "${1##*/}" >"$state/list" || list_lost
        rm -rf "$state/unpacked" "$state/empty"
        mkdir "$state/empty" && transfer_by_tar "${1%/*}/" "$state/list" "$state/empty" '' '' &&
            touch -r "$1" "$state/empty/${1##*/}" && mv "$state/empty/${1##*/}" "$2"
    else
        ln -s "$1" "$2"
    fi
}
