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
    { mkdir "$state/archive" "$state/archive/tree" && : >"$state/archive/owners"; } || fail "$state cannot be written"
    decompress "$1" >"$state/archive/tar" || fail "$archive_name cannot be decompressed"
    archive_global
    transfer_tool
    archive_members
    [ -z "$archive_strange" ] || { archive_each && rm -rf "$state/archive"; return; }
    (umask 022 && archive_by "$transfer_by" <"$state/archive/tar" 2>"$state/archive/errors") ||
        fail "$archive_name cannot be unpacked: $(cat "$state/archive/errors")"
    archive_losses
    rm -f "$state/archive/tar"
    archive_mend
    archive_follow
    archive_merge
    rm -rf "$state/archive"
}

# What a global header (typeflag g) says of all that follows docker does not look at; tar would. It stands at the beginning.
archive_global() {
    while [ "$(archive_field 156 1)" = g ]; do
        archive_size=$((0$(archive_field 124 11 | tr -cd 0-7)))
        { tail -c "+$((512 * (1 + (archive_size + 511) / 512) + 1))" <"$state/archive/tar" >"$state/archive/rest" &&
            mv -f "$state/archive/rest" "$state/archive/tar"; } || fail "$state cannot be written"
    done
}

# archive_field OFFSET SIZE: prints those bytes of the first header.
archive_field() {
    dd if="$state/archive/tar" bs=1 skip="$1" count="$2" 2>/dev/null | tr -d '\0'
}

# By GNU tar, or where transfer_tool found none by busybox's, which loses file attributes.
archive_by() {
    if [ "$1" = transfer_by_tar ]; then
        TAR_OPTIONS='' tar --no-unquote -C "$state/archive/tree" -xpf - --same-owner --numeric-owner \
            --warning=no-timestamp --xattrs --xattrs-include='*'
    else
        tar x -C "$state/archive/tree" --numeric-owner -f -
    fi
}

# archive_has TEXT (busybox's grep sees nothing behind a NUL)
archive_has() {
    tr '\0' '\n' <"$state/archive/tar" | grep -q -F -e "$1"
}

# What does not come out of the archive is said.
archive_losses() {
    if [ "$transfer_by" = transfer_by_tar ]; then
        ! archive_has SCHILY.xattr.security.selinux ||
            warn "the security.selinux attributes in $archive_name are lost: tar does not set them"
    else
        ! archive_has SCHILY.xattr. ||
            warn "file capabilities and attributes in $archive_name are lost: only GNU tar keeps them (install the package tar)"
    fi
}

# What the listing tells: $state/archive/names, a line for each member (directories end in a slash); $state/archive/mend, what
# tar does not do as docker does; and what has to be refused.
archive_members() {
    case $transfer_by in
    transfer_by_tar) set -- -P --numeric-owner --full-time --quoting-style=c ;;
    *)
        archive_types
        archive_numbers
        set -- --numeric-owner ;;
    esac
    TZ=UTC TAR_OPTIONS='' tar -tvf - "$@" <"$state/archive/tar" >"$state/archive/listing" 2>"$state/archive/errors" ||
        fail "$archive_name cannot be read: $(cat "$state/archive/errors")"
    ! grep -qiF 'unknown file type' "$state/archive/errors" || fail "unhandled tar header type in $archive_name"
    archive_is_whole
    ! grep -F "removing leading '" "$state/archive/errors" | grep -qF .. ||
        missing "GNU tar: an entry's name with .. in $archive_name may lead out, or not (install the package tar)"
    archive_strange=
    by=$transfer_by names="$state/archive/names" owners="$state/archive/owners" all="$state/archive/all" LC_ALL=C \
        awk "$(program_listing)" "$state/archive/listing" >"$state/archive/mend" 2>"$state/archive/errors" || archive_strange=$?
    case $archive_strange in
    '' | 3) ;;
    4) missing "$(cat "$state/archive/errors") in $archive_name (install the package tar)" ;;
    *) fail "$(cat "$state/archive/errors") (in $archive_name)" ;;
    esac
}

# What tar overlooks and docker refuses: a single block of zeros with more behind it, an end in the middle of a header. And what docker
# makes a file of and tar a directory.
archive_is_whole() {
    archive_odd=$(LC_ALL=C awk '/^d/ && $3 + 0 > 0 { sub(/.*:[0-9][0-9] /, ""); print; exit }' "$state/archive/listing")
    [ -z "$archive_odd" ] ||
        missing "a way to unpack $archive_odd in $archive_name: a file whose name ends with a slash, which tar takes for a directory"
    [ "$transfer_by" = transfer_by_tar ] || return 0
    archive_last=$(TAR_OPTIONS='' tar -tRPf - <"$state/archive/tar" 2>/dev/null | tail -n 1)
    archive_block=${archive_last#block }
    archive_block=$((${archive_block%%:*} * 512))
    case $archive_last in
    *'Block of NULs'*)
        [ "$(tail -c "+$((archive_block + 513))" <"$state/archive/tar" | head -c 512 | tr -d '\0' | wc -c)" -eq 0 ] ||
            fail "archive/tar: invalid tar header (in $archive_name)" ;;
    *'End of File'*)
        [ "$(wc -c <"$state/archive/tar")" -eq "$archive_block" ] || fail "unexpected EOF (in $archive_name)" ;;
    esac
}

# Types that docker refuses (contiguous, a volume label, ...) busybox's tar takes for files. A type stands before the name of a link,
# of which such a member has none.
archive_types() {
    types_behind=$(printf '%100s' '' | tr ' ' '\001')ustar
    ! tr '\0' '\001' <"$state/archive/tar" | LC_ALL=C grep -q -F -e "7$types_behind" -e "M$types_behind" -e "N$types_behind" \
        -e "S$types_behind" -e "V$types_behind" ||
        missing "GNU tar, to tell of what type the members of $archive_name are (install the package tar)"
}

# Owners above 2097151 stand in an extended header (a record is LENGTH KEY=VALUE), which busybox's tar does not read.
archive_numbers() {
    ! tr '\0' '\n' <"$state/archive/tar" | LC_ALL=C awk '
        /^[0-9]+ [ug]id=[0-9]+$/ && length($0) + 1 == $1 { found = 1; exit }
        END { exit !found }' || missing "GNU tar: the owners of members of $archive_name are numbers too great for busybox's (install the \
package tar)"
}

# Lines `MODE UID:GID DAY TIME ./name`. MODE is - for a symbolic link.
archive_mend() {
    while read -r mend_mode mend_owner mend_day mend_time mend_name; do
        mend_name=$(printf '%s/' "$mend_name" | tr '\001' '\n')
        mend_name=$state/archive/tree/${mend_name%/}
        mend_number
        { chown -h "$mend_owner" "$mend_name" && { [ "$mend_mode" = - ] || chmod "$mend_mode" "$mend_name"; } &&
            TZ=UTC touch -h -d "$mend_day $mend_time" "$mend_name"; } || fail "$mend_name cannot be changed"
    done <"$state/archive/mend"
}

# mend_owner becomes numbers: those of a member with the same owner.
mend_number() {
    case $mend_owner in *[!0-9:]*) ;; *) return ;; esac
    mend_like=$(owner=$mend_owner LC_ALL=C awk '
        index($0, ENVIRON["owner"] " ") == 1 { print substr($0, length(ENVIRON["owner"]) + 2); exit }' "$state/archive/owners")
    [ -n "$mend_like" ] || missing "GNU tar, for the owner $mend_owner of a link in $archive_name: install the package tar"
    mend_owner=$(stat -c %u:%g "$state/archive/tree/$mend_like")
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
        tr '\001\n' '\n\0' >"$state/archive/$1"
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
    for_each "$archive_into" "$state/archive/implied" sh -c "$(program_absent)" sh >"$state/archive/absent"
    [ -s "$state/archive/absent" ] || return 0
    for_each "$state/archive/tree" "$state/archive/absent" chmod 00755 || fail "$state cannot be written"
    tr '\n\0' '\001\n' <"$state/archive/absent" >"$state/archive/new"
}

# archive_heirs: they are root's, whatever --chown says, and of the group that the kernel gives to what is made in a setgid directory.
archive_heirs() {
    [ -s "$state/archive/new" ] || return 0
    archive_list heirs
    { for_each "$archive_into" "$state/archive/absent" chown 0:0 &&
        for_each "$archive_into" "$state/archive/heirs" sh -c "$(program_heirs)" sh; } || fail "${archive_into#"$root"} cannot be changed"
}
