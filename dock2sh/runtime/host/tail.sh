# Files that are too large for a here-document.

# script_tail SIZE: prints what stands behind the script's last line. A shell that reads the script from a pipe has read it already.
script_tail() {
    [ -f "$0" ] || missing 'this script in a file: it is too large to be run from a pipe. Save it, then: sh setup.sh'
    tail -c "$1" "$0"
}
