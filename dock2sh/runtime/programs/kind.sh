# Prints, a NUL after each, those of the names that are of a kind: link, directory, or huge (a file of 4 GB or more).
#   sh -c "$(program_kind)" sh KIND NAME...
kind=$1
shift
for name do
    case $kind in
    link) [ -L "$name" ] || continue ;;
    directory) if [ -L "$name" ] || ! [ -d "$name" ]; then continue; fi ;;
    huge) [ -z "$(find "$name" -prune -type f -size +4194303k)" ] && continue ;;
    esac
    printf '%s\0' "$name"
done
