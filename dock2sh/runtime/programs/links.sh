# Gives the symbolic links NAME... of the current directory the times they have in SOURCE and their owners, or OWNER: busybox's
# cpio does neither.   sh -c "$(program_links)" sh SOURCE OWNER NAME...
source=$1 owner=$2
shift 2
for name do
    [ -L "$name" ] || continue
    chown -h "${owner:-$(stat -c %u:%g "$source/$name")}" "$name" || exit 1
    touch -h -d "@$(stat -c %Y "$source/$name")" "$name" || exit 1
done
