# Prints those of the names (./name) that are there in the current directory.   sh -c "$(program_present)" sh NAME...
for name do
    ! [ -e "$name" ] && ! [ -L "$name" ] || printf '%s\n' "$name"
done
