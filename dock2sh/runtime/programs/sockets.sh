# Puts the sockets NAME... of SOURCE into the current directory.   sh -c "$(program_sockets)" sh OWNER SOURCE NAME...
# They arrive as empty regular files: of a context by docker's transfer, of a stage since fsutil gives mknod no type for them.
owner=$1 source=$2
shift 2
for name do
    from=$source/$name
    ! [ -L "$from" ] || from=$(readlink "$from")
    : >"$name" && touch -d "@$(stat -c %Y "$from")" "$name" || exit 1
    # the mode comes after the owner: a chown clears the s bits
    chown -h "${owner:-$(stat -c %u:%g "$from")}" "$name" || exit 1
    chmod "$(stat -c %a "$from")" "$name" || exit 1
done
