# Looks at names (./name) of an overlay's upper directory, which is the current one.   sh -c "$(program_changes)" sh LOWER MERGED NAME...
# Prints, a NUL after each: on 3 directories that are new, on 4 those that were there, on 5 both, on 6 other things that are new, on 7
# those that take the place of something.
lower=$1 merged=$2
shift 2
for name do
    if [ -d "$name" ] && ! [ -L "$name" ]; then
        if [ -d "$lower/$name" ] && ! [ -L "$lower/$name" ]; then printf '%s\0' "$name" >&4; else printf '%s\0' "$name" >&3; fi
        printf '%s\0' "$name" >&5
    elif [ -c "$name" ] && ! [ -e "$merged/$name" ]; then
        : # the kernel's note that it was deleted
    elif [ -e "$lower/$name" ] || [ -L "$lower/$name" ]; then
        printf '%s\0' "$name" >&7
    else
        printf '%s\0' "$name" >&6
    fi
done
