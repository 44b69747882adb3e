# Puts the sockets NAME... of SOURCE into the current directory.   sh -c "$(program_sockets)" sh KIND OWNER SOURCE NAME...
# From a context they arrive as empty regular files (docker's transfer of the context), from a stage as sockets.
kind=$1 owner=$2 source=$3
shift 3
for name do
    from=$source/$name
    ! [ -L "$from" ] || from=$(readlink "$from")
    if [ "$kind" = context ]; then
        : >"$name" && touch -d "@$(stat -c %Y "$from")" "$name"
    else
        cp -a "$from" "$name"
    fi || exit 1
    # the mode comes after the owner: a chown clears the s bits
    [ -z "$owner" ] || chown -h "$owner" "$name" || exit 1
    chmod "$(stat -c %a "$from")" "$name" || exit 1
done
