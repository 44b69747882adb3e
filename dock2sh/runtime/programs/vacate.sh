# Removes directories, and prints those that something is in.   sh -c "$(program_vacate)" sh NAME...
for name do
    rmdir "$name" 2>/dev/null || ! [ -d "$name" ] || printf '%s\n' "$name"
done
