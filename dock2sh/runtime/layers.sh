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
    json_flat "$1/blobs/$layers_index" | sed 's/.*"layers":\[//' | grep -o '"digest":"[^"]*"' |
        sed 's/.*:"\(.*\):\(.*\)"/blobs\/\1\/\2/'
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
    (cd "$state/layer" && find . -name '.wh.*' -print0 >"$state/list")
    ! [ -s "$state/list" ] || (cd "$state/layer" && xargs -0 sh -c "$(program_whiteout)" sh "$2" <"$state/list") ||
        missing "a way to apply $1"
    (cd "$state/layer" && find . ! -name . -print0) >"$state/list"
    source_kind=stage
    in_root "$2" layer_transfer "$state/layer" "$2"
    rm -rf "$state/layer"
}

# layer_transfer FROM TO: what $state/list names.
layer_transfer() {
    transfer "$1" "$state/list" "$2" replace '' ''
}

# copy_root FROM TO: a whole root ('' is /) into an empty directory. Of a running system, what is mounted into it is left out,
# and so is what is this script's, and docker's own marks of a container.
copy_root() {
    root_leave=''
    case $state/ in "$1"/*) root_leave=$(leave_out "${state#"$1"}") ;; esac
    [ -n "$1" ] || root_leave="-xdev $root_leave $(leave_out /.dock2sh) $(leave_out /.dockerenv) $(each_mount leave_out)"
    [ -n "$1" ] || ! in_container || root_leave="$root_leave $(leave_marks)"
    (cd "${1:-/}" && eval "find . $root_leave ! -name . -print0") >"$state/list" || fail "${1:-/} cannot be read"
    source_kind=stage
    in_root "$2" layer_transfer "${1:-/}" "$2"
    mount_points_in=$2
    [ -n "$1" ] || each_mount mount_point
    chmod "$(stat -c %a "${1:-/}")" "$2" && chown "$(stat -c %u:%g "${1:-/}")" "$2"
    : "$source_kind"
}

# leave_marks: what engines make in a container where the image has it not: a link, and podman a directory for its mark.
leave_marks() {
    [ "$(readlink /etc/mtab)" != /proc/mounts ] || leave_out /etc/mtab
    [ ! -e /run/.containerenv ] || [ "$(ls -A /run)" != .containerenv ] || leave_out /run
}

# leave_out PATH: words for find.
leave_out() {
    printf '! \\( -path %s -prune \\) ' "$(quote ".$(printf '%s' "$1" | sed 's/[][*?\\]/\\&/g')")"
}

# each_mount WORD: calls WORD PATH for everything that is mounted on /. (find -xdev stays out of mounted directories, but names them,
# and mounted files: /etc/hosts and the like in a container. And /sys changes while tar reads it.)
each_mount() {
    [ -r /proc/self/mounts ] || return 0
    awk '$2 != "/" { print $2 }' /proc/self/mounts | while IFS= read -r mounted; do
        "$1" "$(printf '%b' "$(printf '%s' "$mounted" | sed 's/\\\([0-7]\)/\\0\1/g')")"
    done
}

# mount_point PATH: the directory that a mount covers, in $mount_points_in. What covers it tells nothing of its mode. What this script was
# given by way of a mount (docker run -v "$PWD:/context") is none of the image's.
mount_point() {
    for mount_point_of in "$state" "${context_root-}" "${0%/*}"; do
        case $mount_point_of/ in "$1"/*) return 0 ;; esac
    done
    [ -d "$1" ] && [ "$(stat -c %d "${1%/*}/")" = "$(stat -c %d /)" ] && [ ! -e "$mount_points_in$1" ] || return 0
    mount_point_mode=0755
    [ "$1" != /tmp ] || mount_point_mode=1777
    mkdir -m "$mount_point_mode" "$mount_points_in$1"
}
