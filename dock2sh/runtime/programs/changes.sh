# Looks at names (./name) of an overlay's upper directory, which is the current one.   sh -c "$(program_changes)" sh LOWER MERGED NAME...
# Prints, a NUL after each: on 3 directories that are new, on 4 those that were there, on 5 both, on 6 other things that are new, on 7
# those that take the place of something.
lower=$1 merged=$2

# same NAME: was it only opened? Then it has its time still.
same() {
    [ -f "$1" ] && ! [ -L "$1" ] && ! [ "$1" -nt "$lower/$1" ] && ! [ "$1" -ot "$lower/$1" ] &&
        [ "$(stat -c '%a %u:%g' "$1")" = "$(stat -c '%a %u:%g' "$lower/$1")" ] && cmp -s "$1" "$lower/$1"
}

shift 2
for name do
    if [ -d "$name" ] && ! [ -L "$name" ]; then
        if [ -d "$lower/$name" ] && ! [ -L "$lower/$name" ]; then printf '%s\0' "$name" >&4; else printf '%s\0' "$name" >&3; fi
        printf '%s\0' "$name" >&5
    elif [ -c "$name" ] && ! [ -e "$merged/$name" ]; then
        : # the kernel's note that it was deleted
    elif [ -e "$lower/$name" ] || [ -L "$lower/$name" ]; then
        same "$name" || printf '%s\0' "$name" >&7
    else
        printf '%s\0' "$name" >&6
    fi
done
