# COPY, and what ADD has in common with it.

# copy [--from= --chown= --chmod= --link --parents --exclude=]... SOURCE... DEST
copy() {
    wanted || return 0
    copy_each=copy_path
    copy_all "$@"
}

# Options, then each source in order: one overwrites what the one before it put there, as in docker.
copy_all() {
    copy_from='' copy_parents=''
    placement_none
    while copy_option "$1"; do shift; done
    [ "$1" != -- ] || shift
    ! dry || { say "copy $(quote "$@")${copy_from:+ (from $copy_from)}"; return 0; }
    source_of "$copy_from"
    quote_all "$@"
    copy_sources=$quoted_all
    placement_begin
    for copy_dest do :; done
    while [ $# -gt 1 ]; do
        copy_source "$1" "$copy_dest"
        shift
    done
    placement_end
}

copy_option() {
    case $1 in
    --from=*) copy_from=${1#*=} ;;
    --parents) copy_parents=yes ;;
    --unpack=false) copy_each=copy_path ;;
    --unpack=true) ;;
    *) placement_option "$1" ;;
    esac
}

copy_source() {
    if [ -n "$copy_parents" ]; then
        parents "$1" "$2"
    elif is_wild "$1"; then
        copy_matches "$1" "$2"
    else
        "$copy_each" "$1" "$2"
    fi
}

# copy_matches PATTERN DEST: every match is a source of its own, but runs of files go together into a directory.
copy_matches() {
    copy_to=$2 copy_together=
    resolve "$2"
    case $copy_each-$2 in copy_path-*/) copy_together=yes ;; esac
    [ "$copy_each" != copy_path ] || ! [ -d "$root$resolved" ] || copy_together=yes
    wildcard "$1" "$copy_together"
    while IFS= read -r copy_line <&8; do
        copy_name=$(printf '%s/' "${copy_line#* }" | tr '\001' '\n')
        copy_name=${copy_name%/}
        case $copy_line in
        'batch '*) copy_batch "${copy_name%% *}" "${copy_name#* }" "$copy_to" ;;
        *) "$copy_each" "$copy_name" "$copy_to" ;;
        esac
    done 8<"$state/wild"
}

# copy_batch NUMBER DIRECTORY/ DEST
copy_batch() {
    tr '\001\n' '\n\0' <"$state/batch.$1" >"$state/list" || list_lost
    resolve_in "$source_root" "/$2"
    copy_dir=$source_root$resolved
    resolve "$3"
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    transfer "$copy_dir" "$state/list" "$root$resolved" merge "$put_owner" "$chmod_spec"
}
