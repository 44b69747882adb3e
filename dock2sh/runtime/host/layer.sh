# The record of each step in the machine's own files, by which it can be taken back alone (rewind.sh has its form).

# layer_seen: $state/layer, as far as only the step's own root tells it. Step 0 is no step: something was taken back, and that is all.
layer_seen() {
    rm -rf "$state/layer"
    [ "$step_now" != 0 ] || return 0
    mkdir -p "$state/layer/before"
    echo "$step_now $(step_digest "$step_now")" >"$state/layer/step"
    each_layer record_changes >"$state/delta"
    rewind_seen "$state/delta" >"$state/layer/lines"
    layer_new packages "$state/packages.now" "$state/packages.have" >"$state/layer/packages"
    layer_accounts '' >"$state/accounts.now"
    layer_accounts "$step_root" >"$state/accounts.have"
    layer_new accounts "$state/accounts.now" "$state/accounts.have" >"$state/layer/accounts"
    ! [ -f "$state/run" ] || mv "$state/run" "$state/layer/run"
}

# layer_accounts ROOT: prints its accounts, sorted: passwd NAME, group NAME.
layer_accounts() {
    for layer_each in passwd group; do
        ! [ -f "$1/etc/$layer_each" ] || sed -n "s/^\([^:#][^:]*\):.*/$layer_each \1/p" "$1/etc/$layer_each"
    done | LC_ALL=C sort -u
}

# layer_new NAME BEFORE AFTER: the lines of AFTER that are not in BEFORE, or that a layer which is taken back had in its file NAME.
layer_new() {
    {
        LC_ALL=C comm -13 "$2" "$3"
        for layer_each in $rewind; do
            LC_ALL=C comm -12 "$layer_each/$1" "$3"
        done
    } | LC_ALL=C sort -u
}

# layer_keep: what it overwrites of what steps before it have put there, and of what was kept by those that are taken back.
layer_keep() {
    [ "$step_now" != 0 ] || return 0
    each_layer keep_layer known "$state/layer/before"
    [ -z "$rewind" ] || for layer_each in $rewind; do
        layer_inherit "$layer_each"
    done
    for layer_each in "$state"/rewind/left-*; do
        [ ! -f "$layer_each" ] || cat "$layer_each" >"$state/layer/before/etc/${layer_each##*/left-}"
    done
    (cd "$state/layer/before" && find . ! -name . -print0) | tr '\n\0' '\001\n' >"$state/layer/kept"
}

# layer_inherit LAYER
layer_inherit() {
    place=$1/before lines=$state/layer/lines LC_ALL=C awk "$(program_inherit)" "$state/rewind/lines" | rewind_names >"$state/rewind/inherit"
    each_of "$1/before" "$state/rewind/inherit" sh -c "$(program_here)" sh >"$state/rewind/here"
    [ -s "$state/rewind/here" ] || return 0
    source_kind=stage
    keep_parents "$1/before" "$state/rewind/here"
    in_root "$state/layer/before" transfer "$1/before" "$state/rewind/here.whole" "$state/layer/before" replace '' ''
    : "$source_kind"
}

# layer_name: that of the next one.
layer_name() {
    layer_last=0
    for layer_each in "$service_place"/layers/[0-9]*; do
        [ ! -d "$layer_each" ] || layer_last=${layer_each##*/}
    done
    printf '%04d\n' "$((${layer_last#"${layer_last%%[!0]*}"} + 1))"
}

# layer_since: what others have changed so far.
layer_since() {
    mkdir -p "$state/since"
    since_changed "$rewind_place" "$state/since"
}

# layer_placed: it counts from before its first file, so that uninstall.sh takes back what a run has begun that was killed.
layer_placed() {
    [ -n "$apply_place" ] || return 0
    mkdir -p "$service_place/layers"
    [ -d "$service_place/layers/$apply_place" ] || mv "$state/layer" "$service_place/layers/$apply_place"
    sed 's/^..//; s|/$||' "$service_place/layers/$apply_place/lines" | LC_ALL=C sort | LC_ALL=C comm -12 - "$state/since/changed" >>"$service_place/shared"
    record "$service_place/layers/$apply_place/lines"
}
