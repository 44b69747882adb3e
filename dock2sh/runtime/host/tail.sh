# Files that are too large for a here-document: they stand behind the script's last line. `vendored_images` has a line for each base
# image there: where it begins, counted from the end, its bytes, its SHA-256, its name.

# script_tail FROM SIZE: prints SIZE bytes, from the one that is FROM bytes before the end. A shell that reads the script from a pipe has
# read them already.
script_tail() {
    script_is_file
    tail -c "$1" "$0" | head -c "$2"
}

script_is_file() {
    [ -f "$0" ] || missing 'this script in a file: it is too large to be run from a pipe. Save it, then: sh setup.sh'
}

# vendored_place IMAGE: prints FROM SIZE SHA256 if the image is there.
vendored_place() {
    vendored_wanted=$(full_reference "$1")
    while read -r vendored_from vendored_size vendored_sum vendored_name; do
        if [ -n "$vendored_name" ] && [ "$(full_reference "$vendored_name")" = "$vendored_wanted" ]; then
            echo "$vendored_from $vendored_size $vendored_sum" && return
        fi
    done <<VENDORED
$vendored_images
VENDORED
    return 1
}

# vendored_fill IMAGE DIR FROM SIZE SHA256
vendored_fill() {
    say "taking $1 out of this script"
    script_tail "$3" "$4" >"$state/vendored"
    vendored_sum=$(sha256sum <"$state/vendored")
    [ "${vendored_sum%% *}" = "$5" ] || missing "the whole of this script: the image $1 behind it is damaged or cut off. Copy it again"
    archive_fill "$state/vendored" "$2"
    rm -f "$state/vendored"
}
