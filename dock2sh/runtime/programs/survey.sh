# Looks at the names (./name) that are about to be put from SOURCE into the current directory.
#   sh -c "$(program_survey)" sh POLICY FOLLOW SOURCE SHOWN NAME...
# Prints, a NUL after each: on 1 what is in the way and has to go, on 3 what is to be put, on 4 the sockets, on 5 what of
# both is no symbolic link; on 6 a word if a new directory may be made in one with the setgid bit. POLICY replace lets everything go; else what docker refuses to replace is named on 2, in docker's
# words, as SHOWN/name. POLICY parents leaves directories alone that are there. FOLLOW is not empty when the names in SOURCE are
# only links to what will be put.
policy=$1 follow=$2 source=$3 shown=$4
shift 4

# list NUMBER: names the name there. A list that is cut off (a full disk) would leave it out.
list() {
    printf '%s\0' "$name" >&"$1" || exit 1
}

! [ -g . ] || echo setgid >&6
for name do
    dir='' link=''
    [ "$follow" ] || ! [ -L "$source/$name" ] || link=yes
    [ "$link" ] || ! [ -d "$source/$name" ] || dir=yes
    if [ -d "$name" ] && ! [ -L "$name" ]; then
        if [ "$dir" ]; then
            [ "$policy" != parents ] || continue
        else
            [ "$policy" = replace ] || printf 'cannot replace to directory %s with file\n' "$shown${name#.}" >&2
            list 1
        fi
    elif [ -e "$name" ] || [ -L "$name" ]; then
        [ -z "$dir" ] || [ "$policy" = replace ] || printf 'cannot copy to non-directory: %s\n' "$shown${name#.}" >&2
        list 1
    fi
    if [ -g "$name" ] || [ -g "$source/$name" ]; then [ -z "$dir" ] || echo setgid >&6; fi
    [ "$link" ] || list 5
    if [ -z "$link" ] && [ -S "$source/$name" ]; then list 4; else list 3; fi
done
