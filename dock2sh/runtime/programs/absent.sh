# Prints, a NUL after each, those of the names (./name) that are not in the current directory.   sh -c "$(program_absent)" sh NAME...
for name do
    [ -e "$name" ] || [ -L "$name" ] || printf '%s\0' "$name" || exit 1
done
