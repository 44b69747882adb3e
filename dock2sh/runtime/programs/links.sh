# Gives the symbolic links NAME... of the current directory the times they have in SOURCE, and OWNER (if any): busybox's cpio
# does neither.   sh -c "$(program_links)" sh SOURCE OWNER NAME...
source=$1 owner=$2
shift 2
for name do
    [ -L "$name" ] || continue
    [ -z "$owner" ] || chown -h "$owner" "$name" || exit 1
    touch -h -d "@$(stat -c %Y "$source/$name")" "$name" || exit 1
done
