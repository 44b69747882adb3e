# Puts names (./name) of the current directory back to DIR, as they are here.   sh -c "$(program_back)" sh DIR NAME...
to=$1
shift
for name do
    if [ -d "$name" ] && ! [ -L "$name" ]; then
        if [ -L "$to/$name" ] || [ ! -d "$to/$name" ]; then rm -f "$to/$name"; fi
        [ -d "$to/$name" ] || mkdir "$to/$name"
        chmod "$(stat -c %a "$name")" "$to/$name" && chown "$(stat -c %u:%g "$name")" "$to/$name" && touch -r "$name" "$to/$name"
    elif [ -e "$name" ] || [ -L "$name" ]; then
        ! [ -d "$to/$name" ] || [ -L "$to/$name" ] || rm -rf "${to:?}/$name"
        mv -fT "$name" "$to/$name" 2>/dev/null || { cp -aT "$name" "$to/$name.undo" && mv -fT "$to/$name.undo" "$to/$name"; } ||
            printf '%s could not be put back\n' "${name#.}" >&2
    fi
done
