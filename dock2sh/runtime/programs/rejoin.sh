# Of names (./name) of the current directory, those that are one file with others here: they become one file in DIR, too.
#   sh -c "$(program_rejoin)" sh DIR NAME...
to=$1
shift
for name do
    if [ ! -f "$name" ] || [ -L "$name" ] || [ "$(stat -c %h "$name")" -lt 2 ]; then continue; fi
    find . -type f -inum "$(stat -c %i "$name")" -exec sh -c '
        to=$1 name=$2
        shift 2
        for other do
            [ "$to/$name" -ef "$to/$other" ] || { ln "$to/$name" "$to/$other.dock2sh" && mv -fT "$to/$other.dock2sh" "$to/$other"; } || exit
        done' sh "$to" "$name" {} + || exit
done
