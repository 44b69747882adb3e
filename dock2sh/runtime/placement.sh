# Where and how files are put: what COPY, ADD of anything, and here-documents have in common.

placement_none() {
    chown_spec='' chmod_spec='' link=''
    : >"$state/exclude"
}

# placement_option WORD: takes a flag that everything knows that puts files, or fails.
placement_option() {
    case $1 in
    --chown=*) chown_spec=${1#*=} ;;
    --chmod=*) chmod_spec=${1#*=} ;;
    --link) link=yes ;;
    --exclude=*) exclude_rules "${1#*=}" >>"$state/exclude" ;;
    *) return 1 ;;
    esac
}

# Sets `made_owner`, of directories on the way, and `put_owner`, of what is put: files of a context are root's, those of a
# stage keep their owners ('').
placement_begin() {
    layer_begin
    made_owner='' put_owner=''
    if [ -n "$chown_spec" ]; then
        owner_of "$chown_spec"
        made_owner=$owner put_owner=$owner
    elif [ "$source_kind" = context ]; then
        put_owner=0:0
    fi
}

placement_end() {
    layer_end
    rm -rf "$state/one"
}

# COPY --link: the copy is made on an empty root and merged as a layer is.

# From here on $root is the empty root. BuildKit drops --link when there is a --chmod.
layer_begin() {
    layer_root=$root
    [ -n "$link" ] && [ -z "$chmod_spec" ] || return 0
    rm -rf "$state/layer"
    mkdir -m 0755 "$state/layer" || fail "$state/layer cannot be made"
    root=$state/layer
}

# A layer replaces whatever is in its way, symbolic links by directories too, and resets directories that are there.
layer_end() {
    [ "$root" != "$layer_root" ] || return 0
    source_root=$root source_kind=layer source_rules='' root=$layer_root
    list_tree /
    transfer "$source_root" "$state/list" "$root/" replace '' ''
    rm -rf "$source_root"
}
