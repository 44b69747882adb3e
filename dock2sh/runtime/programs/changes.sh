# Looks at names (./name) of an overlay's upper directory, which is the current one.   sh -c "$(program_changes)" sh LOWER MERGED NAME...
# Prints, a NUL after each: on 3 directories that are new, on 4 those that were there, on 5 both, on 6 other things that are new, on 7
# those that take the place of something; on 9 directories that take the place of what was none.
lower=$1 merged=$2

# same NAME: was it only opened? Then it has its time still, and its attributes (setcap, setfacl), which tar alone tells.
same() {
    [ -f "$1" ] && ! [ -L "$1" ] && ! [ "$1" -nt "$lower/$1" ] && ! [ "$1" -ot "$lower/$1" ] &&
        [ "$(stat -c '%a %u:%g' "$1")" = "$(stat -c '%a %u:%g' "$lower/$1")" ] && cmp -s "$1" "$lower/$1" &&
        [ "$(attributes . "$1")" = "$(attributes "$lower/" "$1")" ]
}

# attributes DIR NAME: a sum of all that tar has of it before its content. (What the policy of SELinux says is set anew anyway.)
attributes() (
    cd "$1" && tar --xattrs --xattrs-include='*' --xattrs-exclude='trusted.overlay.*' --xattrs-exclude=security.selinux --acls \
        --pax-option=delete=atime,delete=ctime --no-recursion -cf - "$2" 2>/dev/null | head -c 65536 | cksum
)

shift 2
for name do
    if [ -d "$name" ] && ! [ -L "$name" ]; then
        if [ -d "$lower/$name" ] && ! [ -L "$lower/$name" ]; then
            printf '%s\0' "$name" >&4
        else
            printf '%s\0' "$name" >&3
            ! [ -e "$lower/$name" ] && ! [ -L "$lower/$name" ] || printf '%s\0' "$name" >&9
        fi
        printf '%s\0' "$name" >&5
    elif [ -c "$name" ] && ! [ -e "$merged/$name" ]; then
        : # the kernel's note that it was deleted
    elif [ -e "$lower/$name" ] || [ -L "$lower/$name" ]; then
        same "$name" || printf '%s\0' "$name" >&7
    else
        printf '%s\0' "$name" >&6
    fi
done
