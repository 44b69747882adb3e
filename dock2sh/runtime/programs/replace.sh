# Moves names (./name) of the current directory to DIR, each at once.   sh -c "$(program_replace)" sh DIR NAME...
# What is not here any more was moved by an earlier call.
to=$1
shift
for name do
    [ -e "$name" ] || [ -L "$name" ] || continue
    ! [ -d "$to/$name" ] || [ -L "$to/$name" ] || rm -rf "${to:?}/$name"
    mv -fT "$name" "$to/$name" || exit
done
