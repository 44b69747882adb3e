# ADD of local archives.

# add [--chown= --chmod= --link --exclude= --unpack=]... SOURCE... DEST: as copy, but archives are unpacked.
add() {
    wanted || return 0
    copy_each=add_path
    copy_all "$@"
}

# add_path SOURCE DEST: what a file is, its content tells, never its name.
add_path() {
    source_path "$1"
    if [ -f "$source_root$found" ] && is_archive "$source_root$found"; then
        add_archive "$source_root$found" "$2"
    else
        copy_path "$1" "$2"
    fi
}

# is_archive FILE: is it a tar, plain or compressed, with a header that can be read? Sets `unpacker` to what decompresses it.
is_archive() {
    case $(od -An -v -tx1 -N6 "$1" | tr -d ' \n') in
    1f8b08*) unpacker='gzip' ;;
    425a68*) unpacker='bzip2' ;;
    fd377a585a00) unpacker='xz' ;;
    28b52ffd* | 5[0-9a-f]2a4d18*) unpacker='zstd' ;;
    *) unpacker='cat' ;;
    esac
    command -v "$unpacker" >/dev/null ||
        missing "$unpacker, to unpack ${1#"$source_root"}: install the package that has it ($unpacker or $unpacker-utils)"
    decompress "$1" 2>/dev/null | od -An -v -tu1 -N512 | LC_ALL=C awk "$(program_tarheader)" || return 1
    [ "$(decompress "$1" 2>/dev/null | tail -c +157 | head -c 1)" != x ] ||
        decompress "$1" 2>/dev/null | od -An -v -tu1 -N65536 | LC_ALL=C awk "$(program_paxheader)"
}

decompress() {
    case $unpacker in
    cat) cat "$1" ;;
    *) "$unpacker" -dc <"$1" ;;
    esac
}

# add_archive FILE DEST: DEST is a directory always. Owners, modes and times are the archive's; --chown goes for all entries,
# --chmod for none. It is unpacked apart from the root, so that no member leads out of it, and then merged as a layer is: what
# is in the way goes, a directory that is there takes what the archive says of it.
add_archive() {
    resolve "$2"
    archive_into=$root$resolved archive_name=${1#"$source_root"}
    make_directories "$resolved" 0755 "$made_owner"
    rm -rf "$state/archive"
    mkdir "$state/archive" "$state/archive/tree" || fail "$state cannot be written"
    decompress "$1" >"$state/archive/tar" || fail "$archive_name cannot be decompressed"
    transfer_tool
    archive_members
    if [ -n "$archive_strange" ]; then archive_each; else archive_whole; fi
    archive_attributes
    rm -rf "$state/archive"
}

# archive_whole: all of it, by tar.
archive_whole() {
    archive_pad
    (umask 022 && archive_by "$transfer_by" <"$state/archive/tar" 2>"$state/archive/errors") ||
        fail "$archive_name cannot be unpacked: $(cat "$state/archive/errors")"
    rm -f "$state/archive/tar"
    archive_mend
    archive_follow
    archive_merge
}

# archive_pad: docker needs nothing behind the last content, tar wants whole blocks.
archive_pad() {
    archive_over=$(($(wc -c <"$state/archive/tar") % 512))
    [ "$archive_over" -eq 0 ] || head -c "$((512 - archive_over))" /dev/zero >>"$state/archive/tar"
}

# By GNU tar, or where transfer_tool found none by busybox's, which loses file attributes.
archive_by() {
    if [ "$1" = transfer_by_tar ]; then
        tar --no-unquote -C "$state/archive/tree" -xpf - --same-owner --numeric-owner \
            --warning=no-timestamp --xattrs --xattrs-include='*'
    else
        tar x -C "$state/archive/tree" --numeric-owner -f -
    fi
}

# archive_members: what is in it: $state/archive/names, a line for each member (directories end in a slash), and what to do about it
# (programs/listing.awk). `archive_strange` says that no tar does it as docker does.
archive_members() {
    : >"$state/archive/attributes"
    archive_strange=
    tr '\0\n' '\377\376' <"$state/archive/tar" | fold -b -w 512 |
        tar=$state/archive/tar bytes=$(wc -c <"$state/archive/tar") by=$transfer_by names="$state/archive/names" \
            all="$state/archive/all" attributes="$state/archive/attributes" LC_ALL=C \
            awk "$(program_headers; program_listing)" >"$state/archive/mend" 2>"$state/archive/errors" || archive_strange=$?
    case $archive_strange in
    '' | 3) ;;
    4) missing "$(cat "$state/archive/errors") in $archive_name (install the package tar)" ;;
    *) fail "$(cat "$state/archive/errors") (in $archive_name)" ;;
    esac
}

# archive_attributes: GNU tar has set them; where it did not unpack it they are set here. Docker follows links.
archive_attributes() {
    archive_lost=
    [ -n "$archive_strange" ] || [ "$transfer_by" != transfer_by_tar ] || return 0
    while read -r archive_key archive_value archive_path <&8; do
        archive_path=$(printf '%s/' "$archive_path" | tr '\001' '\n')
        resolve_in "$archive_into" "${archive_path#.}" || fail "${archive_path%/}: too many links"
        attribute_set "$archive_into$resolved" "$archive_key" "$archive_value" || archive_lost="$archive_lost$archive_key
"
    done 8<"$state/archive/attributes"
    [ -z "$archive_lost" ] || warn "attributes in $archive_name are lost ($(printf %s "$archive_lost" | sort -u | paste -s -d ' ' -)): \
install setfattr (the package attr) or python3"
}

# attribute_set FILE KEY VALUE: VALUE is hexadecimal digits. What the file system has no place for docker, too, does without.
attribute_set() {
    if tool setfattr >/dev/null; then
        setfattr -n "$2" -v "0x$3" "$1" 2>/dev/null || :
    elif tool python3 >/dev/null; then
        python3 -I -c 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))' "$@" 2>/dev/null || :
    else
        return 1
    fi
}

# Lines `MODE UID:GID TIME ./name`. MODE is - for a symbolic link.
archive_mend() {
    while read -r mend_mode mend_owner mend_time mend_name; do
        mend_name=$(printf '%s/' "$mend_name" | tr '\001' '\n')
        mend_name=$state/archive/tree/${mend_name%/}
        { chown -h "$mend_owner" "$mend_name" && { [ "$mend_mode" = - ] || chmod "$mend_mode" "$mend_name"; } &&
            touch -h -d "@$mend_time" "$mend_name"; } || fail "$mend_name cannot be changed"
    done <"$state/archive/mend"
}

# A directory that the archive implies but does not have may be a symbolic link in the destination: `lib/x` where /lib leads to
# usr/lib. Docker goes through such links, with the destination as the root, so what is in it moves there.
archive_follow() {
    while :; do
        archive_list implied
        for_each "$archive_into" "$state/archive/implied" sh -c "$(program_kind)" sh link | tr '\0' '\n' >"$state/archive/links"
        archive_moved=
        while IFS= read -r archive_link <&8; do
            archive_move "/${archive_link#./}"
        done 8<"$state/archive/links"
        [ -n "$archive_moved" ] || return 0
    done
}

# archive_move LINK: below another link there is nothing to do: that one was moved, or is going to be replaced.
archive_move() {
    resolve_in "$archive_into" "${1%/*}/"
    [ "${resolved%/}" = "${1%/*}" ] && [ -d "$state/archive/tree$1" ] || return 0
    resolve_in "$archive_into" "$1" || fail "$1: too many links"
    { mkdir -p "$state/archive/tree$resolved" && cp -a "$state/archive/tree$1/." "$state/archive/tree$resolved/" &&
        rm -rf "$state/archive/tree$1"; } || fail "$1 cannot be unpacked"
    from=.$1/ to=.$resolved/ LC_ALL=C awk '
        index($0, ENVIRON["from"]) == 1 { $0 = ENVIRON["to"] substr($0, length(ENVIRON["from"]) + 1) }
        { print }' "$state/archive/names" >"$state/archive/names.new"
    mv -f "$state/archive/names.new" "$state/archive/names"
    archive_moved=yes
}

# archive_list WHAT: $state/archive/WHAT becomes the list of the entries that are implied, members or heirs (programs/members.awk).
archive_list() {
    (cd "$state/archive/tree" && find . ! -name . -type d -print0 && printf '\0' && find . ! -name . -print0) |
        tr '\n\0' '\001\n' |
        what=$1 names="$state/archive/names" new="$state/archive/new" LC_ALL=C awk "$(program_members)" |
        tr '\001\n' '\n\0' >"$state/archive/$1" || list_lost
}

archive_merge() {
    archive_kind=$source_kind source_kind=archive
    archive_implied
    archive_list members
    transfer "$state/archive/tree" "$state/archive/members" "$archive_into" replace "${made_owner}" ''
    archive_heirs
    source_kind=$archive_kind
}

# archive_implied: the directories that the archive implies, where there is nothing yet, are put like its members, 0755: those that
# tar makes on its way would take over a setgid bit, which docker's chmod takes away.
archive_implied() {
    archive_list implied
    for_each "$archive_into" "$state/archive/implied" sh -c "$(program_absent)" sh >"$state/archive/absent" || list_lost
    [ -s "$state/archive/absent" ] || return 0
    for_each "$state/archive/tree" "$state/archive/absent" chmod 00755 || fail "$state cannot be written"
    tr '\n\0' '\001\n' <"$state/archive/absent" >"$state/archive/new" || list_lost
}

# archive_heirs: they are root's, whatever --chown says, and of the group that the kernel gives to what is made in a setgid directory.
archive_heirs() {
    [ -s "$state/archive/new" ] || return 0
    archive_list heirs
    { for_each "$archive_into" "$state/archive/absent" chown 0:0 &&
        for_each "$archive_into" "$state/archive/heirs" sh -c "$(program_heirs)" sh; } || fail "${archive_into#"$root"} cannot be changed"
}
