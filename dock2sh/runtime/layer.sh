# COPY --link: the copy is made on an empty root and merged as a layer is.

# From here on $root is the empty root. BuildKit drops --link when there is a --chmod.
layer_begin() {
    layer_root=$root
    [ -n "$copy_link" ] && [ -z "$chmod_spec" ] || return 0
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
