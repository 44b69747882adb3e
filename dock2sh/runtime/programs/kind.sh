# Prints, a NUL after each, those of the names that are of a kind: link, directory, or huge (a file of 4 GB and more).
#   sh -c "$(program_kind)" sh KIND NAME...
kind=$1
shift
[ "$kind" != huge ] || exec find "$@" -prune -type f -size +4194303k -print0
for name do
    if [ -L "$name" ]; then is='link'; elif [ -d "$name" ]; then is=directory; else is=other; fi
    [ "$is" != "$kind" ] || printf '%s\0' "$name"
done
