# Taking back what a step had put into the root. The commands (undo_later) name paths of the machine that had no symbolic link
# on the way; a step may have put one there since, so each command goes to the directory first and looks where it is.

# at PATH: goes to the directory of PATH; `name` is the rest.
at() {
    parent=${1%/*} name=./${1##*/}
    cd "${parent:-/}" 2>/dev/null && [ "$(pwd -P)" = "${parent:-/}" ]
}

# stub PATH: a mount point that was made: away with it if nothing is in it. The directory keeps its time, as with BuildKit.
stub() (
    at "$1" || return 0
    touch -r . "$undo_state/time"
    if [ -L "$name" ]; then
        return
    elif [ -d "$name" ]; then
        rmdir "$name" 2>/dev/null
    elif [ -f "$name" ] && [ ! -s "$name" ]; then
        rm -f "$name"
    fi && touch -r "$undo_state/time" .
    :
)

# remove PATH
remove() (
    ! at "$1" || rm -rf "$name"
)

# back PATH FROM: what was there before. If something is there it has not gone (a killed script, a full disk).
back() (
    at "$1" || return
    [ -e "$name" ] || [ -L "$name" ] || mv "$2" "$name"
)

# store PATH PLACE: the content of a cache, if it has come.
store() (
    at "$1" && [ ! -L "$name" ] || return
    [ ! -e "$name" ] || { rm -rf "$2" && mv "$name" "$2"; }
)

undo_list=$1 undo_status=0
shift
. "$undo_list"
for undo_command; do
    eval "$undo_command" || undo_status=1
done
[ "$undo_status" -eq 0 ]
