# Whole root file systems: the layers of an image put on one another, and copies.

# layers_fill DIR ROOT: DIR is what `docker save` or an OCI layout unpacks to. The first layer goes straight in, the others over
# it as COPY's own layers do, so that no symbolic link of one leads the next out of ROOT.
layers_fill() {
    layers_of "$1" >"$state/layers" || missing "a single image in $1"
    layers_first=1
    while IFS= read -r layer_file <&7; do
        [ -f "$1/$layer_file" ] || missing "the layer $layer_file in $1"
        if [ -n "$layers_first" ]; then
            unpack "$1/$layer_file" "$2"
            layers_first=''
        else
            layer_over "$1/$layer_file" "$2"
        fi
    done 7<"$state/layers"
}

# layers_of DIR: prints the names of the layers, lowest first: manifest.json of docker, else index.json of OCI.
layers_of() {
    if [ -f "$1/manifest.json" ]; then
        json_flat "$1/manifest.json" | grep -o '"Layers":\[[^]]*\]' >"$state/json"
        [ "$(wc -l <"$state/json")" -eq 1 ] || return 1
        sed 's/^"Layers":\[//' "$state/json" | grep -o '"[^"]*"' | tr -d '"'
        return
    fi
    layers_index=$(json_digests "$1/index.json")
    json_flat "$1/blobs/$layers_index" 2>/dev/null | grep -q '"layers":' || layers_index=$(json_digests "$1/blobs/$layers_index")
    [ -f "$1/blobs/$layers_index" ] || return 1
    json_flat "$1/blobs/$layers_index" | sed 's/.*"layers":\[//' | grep -o '"digest":"[^"]*"' | sed 's/.*:"\(.*\):\(.*\)"/blobs\/\1\/\2/'
}

# Blanks matter only inside of strings, and there are none in digests and file names.
json_flat() {
    tr -d ' \n\t\r' <"$1"
    echo
}

json_digests() {
    json_flat "$1" | grep -o '"digest":"[^"]*"' | sed 's/.*:"\(.*\):\(.*\)"/\1\/\2/'
}

# layer_over TAR ROOT: .wh.NAME takes NAME away, .wh..wh..opq what was in the directory before.
layer_over() {
    rm -rf "$state/layer"
    mkdir "$state/layer"
    unpack "$1" "$state/layer"
    (cd "$state/layer" && find . -name '.wh.*' -exec sh -c "$(program_whiteout)" sh "$2" {} +) || missing "a way to apply $1"
    (cd "$state/layer" && find . ! -name . -print0) >"$state/list"
    source_kind=stage
    in_root "$2" transfer "$state/layer" "$state/list" "$2" replace '' ''
    rm -rf "$state/layer"
}

# copy_root FROM TO: a whole root ('' is /). Of a running system, what is mounted into it is left out, and what is this script's.
copy_root() {
    : >"$state/leave-out"
    case $state/ in "$1"/*) printf '.%s\n' "${state#"$1"}" >>"$state/leave-out" ;; esac
    [ -n "$1" ] || root_mounts >>"$state/leave-out"
    set -- "${1:-/}" "$2"
    if gnu_tar; then
        { tar -C "$1" -cf - --numeric-owner --xattrs --xattrs-include='*' --warning=no-file-ignored -X "$state/leave-out" . ||
            echo x >"$state/incomplete"; } |
            tar -C "$2" -xpf - --same-owner --numeric-owner --xattrs --xattrs-include='*' --warning=no-timestamp
    else
        { tar -C "$1" -cf - -X "$state/leave-out" . || echo x >"$state/incomplete"; } | tar -C "$2" -xpf -
    fi || fail "$1 could not be copied"
    [ ! -s "$state/incomplete" ] || fail "$1 could not be copied whole"
}

# What lies on the mounts of / is no part of it; the directories themselves are. A mounted file is left out whole.
root_mounts() {
    printf '%s\n' ./.dock2sh
    [ -r /proc/self/mounts ] || { printf '%s\n' './proc/*' './sys/*' './dev/*'; return; }
    awk '$2 != "/" { print $2 }' /proc/self/mounts | while IFS= read -r mounted; do
        mounted=$(printf '%b' "$(printf '%s' "$mounted" | sed 's/\\\([0-7]\)/\\0\1/g')")
        if [ -d "$mounted" ]; then printf '.%s/*\n' "$mounted"; else printf '.%s\n' "$mounted"; fi
    done
}
