# Prints, a NUL after each, those of the names (./name) that are in the current directory.   sh -c "$(program_here)" sh NAME...
for name do
    ! [ -e "$name" ] && ! [ -L "$name" ] || printf '%s\0' "$name" || exit 1
done
