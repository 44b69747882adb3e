# Moving a list of entries from one directory into another, with docker's rules for what is there already.

# transfer SOURCE LIST DEST POLICY OWNER MODE [FOLLOW]: puts what LIST names in SOURCE into the directory DEST of the root.
# POLICY merge: as COPY does it, with its refusals; replace: as layers and archives do;
# parents: as COPY --parents does it. OWNER is uid:gid for all, or '' to
# keep theirs; MODE as in --chmod, or ''. With FOLLOW the names are links to what is meant. What is kept: modes with their s
# and t bits, times in whole seconds, hard links among the listed, and file attributes where the tool can.
transfer() {
    list_room
    [ -s "$2" ] || return 0
    transfer_clear "$1" "$2" "$3" "$4" "${7-}"
    transfer_tool
    transfer_linked "$1" "$4" "${7-}"
    rm -f "$state/unpacked"
    ! [ -s "$state/put" ] || "$transfer_by" "$1" "$state/put" "$3" "$5" "${7-}" ||
        fail "the files could not be put into ${3#"$root"}"
    ! [ -s "$state/setgid" ] || transfer_private "$1" "$3"
    transfer_sockets "$1" "$3" "$5"
    transfer_times "$1" "$3" "${7-}"
    change_modes "$3" "$state/no-links" "$6"
}

# Refuses what docker refuses and removes what is in the way, with few processes for any number of names.
transfer_clear() {
    transfer_shown=${3#"$root"}
    for_each "$3" "$2" sh -c "$(program_survey)" sh "$4" "$5" "$1" "${transfer_shown%/}" >"$state/in-the-way" \
        2>"$state/refused" 3>"$state/put" 4>"$state/sockets" 5>"$state/no-links" 6>"$state/setgid" || [ -s "$state/refused" ] || list_lost
    ! [ -s "$state/refused" ] || fail "$(head -n 1 "$state/refused")"
    [ -s "$state/in-the-way" ] || return 0
    transfer_uncover "${3%/}"
    for_each "$3" "$state/in-the-way" rm -rf || fail "${3#"$root"} cannot be cleared"
}

# transfer_uncover DIR: what an engine has mounted on files of the container's own is nothing of the image's, and cannot be replaced. docker
# build has these for RUN alone, and so have our steps (run_names), which take the text of resolv.conf from there.
transfer_uncover() {
    [ -z "$root" ] || return 0
    for transfer_mounted in /etc/hosts /etc/hostname /etc/resolv.conf; do
        tr '\0' '\n' <"$state/in-the-way" | grep -qxF ".${transfer_mounted#"$1"}" || continue
        grep -qF " $transfer_mounted " /proc/self/mounts || continue
        [ "$transfer_mounted" = /etc/resolv.conf ] || ! transfer_may_uncover || ! "$(tool umount)" "$transfer_mounted" 2>/dev/null || continue
        missing "the image's own $transfer_mounted: a file is mounted there, by this container's engine or the like. Build with --root DIR"
    done
}

# A container's mounts, and those of a machine that was made for the script, are for the script alone; without namespaces its steps would
# see the image's file then.
transfer_may_uncover() {
    [ "${mode-}" != plain ] || return 1
    [ -n "${DOCK2SH_MOUNTS-}" ] || in_container
}

# transfer_linked SOURCE POLICY FOLLOW: of what is put, the symbolic links that have several names. COPY makes each of them a link
# of its own (docker notes only of other files that they are one: `ln -s f a; ln -P a b` and COPY --from); layers and archives
# keep them one, where the tool can.
transfer_linked() {
    : >"$state/linked"
    case $3,$2,$transfer_by in ?*,*,* | ,replace,transfer_by_tar) return 0 ;; esac
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh linked >"$state/linked" || list_lost
    [ -s "$state/linked" ] || return 0
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh unlinked >"$state/unlinked" || list_lost
}

# Sets `transfer_by` to the function that can move a list of names that end in NUL: by GNU tar, or else by busybox's cpio (its
# tar reads no lists).
transfer_tool() {
    [ -z "${transfer_by-}" ] || return 0
    case $(tar --version 2>/dev/null) in *'GNU tar'*) transfer_by=transfer_by_tar && transfer_labels && return ;; esac
    case $(cpio --help 2>&1) in *BusyBox*-0*) transfer_by=transfer_by_cpio && return ;; esac
    missing 'GNU tar (or the cpio of busybox) to copy files with: install the package tar'
}

# transfer_labels: sets `transfer_label` to what makes tar keep security.selinux, which to a kernel without SELinux is an attribute like
# others; elsewhere the machine's own policy says what it is. Not every tar can.
transfer_labels() {
    transfer_label=--selinux
    [ ! -e /sys/fs/selinux/enforce ] && [ -z "$(tar --selinux -cf /dev/null -T /dev/null 2>&1)" ] || transfer_label=
}

# transfer_by_tar SOURCE LIST DEST OWNER FOLLOW. POSIX headers carry the attributes; less the times in them, whole seconds stay.
# (Without --no-unquote a backslash in the name of a -C's directory begins an escape.)
transfer_by_tar() {
    { tar_pack_all "$@" || : >"$state/unpacked"; } |
        tar --no-unquote -C "$3" -xpif - --same-owner --numeric-owner --warning=no-timestamp \
            --xattrs --xattrs-include='*' ${transfer_label:+"$transfer_label"} ${transfer_acls:+--acls} &&
        ! [ -e "$state/unpacked" ]
}

# Links that must become several go before the directories that they are in, whose times would change. Two archives are one stream
# to a tar that skips the zeros at the end of the first (-i).
tar_pack_all() {
    if ! [ -s "$state/linked" ]; then
        tar_pack "$@"
    elif tar_pack "$1" "$state/linked" "$3" "$4" '' --hard-dereference; then
        ! [ -s "$state/unlinked" ] || tar_pack "$1" "$state/unlinked" "$3" "$4" ''
    else
        return 1
    fi
}

# tar_pack SOURCE LIST DEST OWNER FOLLOW [OPTION]
tar_pack() {
    tar_source=$1 tar_list=$2 tar_owner=$4
    set -- ${5:+--dereference} ${6:+"$6"}
    [ -z "$tar_owner" ] || set -- "$@" "--owner=:${tar_owner%:*}" "--group=:${tar_owner#*:}"
    # a context's files lose their capabilities on the way, as the chown of the transfer clears them
    [ "$source_kind" = context ] || set -- "$@" --xattrs-include='security.*' ${transfer_label:+"$transfer_label"} ${transfer_acls:+--acls}
    tar --no-unquote -C "$tar_source" -cf - "$@" --xattrs --xattrs-include='user.*' \
        --xattrs-include='trusted.*' --xattrs-exclude='trusted.overlay.*' \
        --pax-option=delete=mtime,delete=atime,delete=ctime --numeric-owner --no-recursion --null -T "$tar_list"
}

# transfer_by_cpio: the same with busybox. A second round for directories: their times changed as they were filled. Its format
# holds files of less than 4 GB.
transfer_by_cpio() {
    cpio_has_room "$1" "$2" || missing 'GNU tar to copy a file of 4 GB or more: install the package tar'
    transfer_warn "$1"
    if ! [ -s "$state/linked" ]; then
        cpio_round "$@" || return 1
    else # of a link with several names cpio writes an empty one ("can't create symlink 'b' to ''")
        for_each "$3" "$state/linked" sh -c "$(program_relink)" sh "$1" || return 1
        ! [ -s "$state/unlinked" ] || cpio_round "$1" "$state/unlinked" "$3" "$4" '' || return 1
    fi
    [ -z "$5" ] || return 0
    for_each "$3" "$2" sh -c "$(program_links)" sh "$1" "$4" || return 1
    for_each "$1" "$2" sh -c "$(program_kind)" sh directory >"$state/dirs" || list_lost
    ! [ -s "$state/dirs" ] || cpio_round "$1" "$state/dirs" "$3" "$4" ''
}

cpio_round() {
    { (cd "$1" && cpio -o -0 -H newc --renumber-inodes ${5:+-L} <"$2" 2>"$state/packed") || : >"$state/unpacked"; } |
        (cd "$3" && cpio -i -d -m -u ${4:+-R "$4"} 2>"$state/cpio") && ! [ -e "$state/unpacked" ] && return
    cat "$state/packed" "$state/cpio" >&2
    return 1
}

cpio_has_room() {
    [ -z "$(for_each "$1" "$2" sh -c "$(program_kind)" sh huge | tr -d '\0')" ]
}

# Attributes that are lost without GNU tar are named where a tool tells of them.
transfer_warn() {
    [ "$source_kind" != context ] && command -v getfattr >/dev/null || return 0
    [ -z "$(getfattr -R -P -h -m '^(security\.capability|user\.)' "$1" 2>/dev/null | head -n 1)" ] ||
        warn "file capabilities and attributes are lost: only GNU tar keeps them (install the package tar)"
}

# transfer_private SOURCE DEST: directories of mode 0700. GNU tar makes them with it and sees no need for a chmod, which would take
# away the setgid bit that they have from the directory above.
transfer_private() {
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh private >"$state/private" || list_lost
    ! [ -s "$state/private" ] || for_each "$2" "$state/private" chmod 00700 || fail "${2#"$root"} cannot be changed"
}

transfer_sockets() {
    [ -s "$state/sockets" ] || return 0
    for_each "$2" "$state/sockets" sh -c "$(program_sockets)" sh "$3" "$1" || fail 'a socket cannot be copied'
}

# transfer_times SOURCE DEST FOLLOW: times that do not come through. Those before 1970: tar has them in the headers that are left out
# here for their fractions, and cpio has none at all. Those from 2106 on: cpio counts seconds in 32 bits.
transfer_times() {
    [ -e "$state/epoch" ] || TZ=UTC touch -d '1970-01-01 00:00:00' "$state/epoch"
    if [ -n "$3" ]; then set -- "$1" "$2" -L ''; else set -- "$1" "$2" -P -h; fi
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh early "$state/epoch" "$3" >"$state/odd-times" || list_lost
    if [ "$transfer_by" = transfer_by_cpio ]; then
        [ -e "$state/2106" ] || TZ=UTC touch -d '2106-02-07 06:28:15' "$state/2106"
        for_each "$1" "$state/put" sh -c "$(program_kind)" sh late "$state/2106" "$3" >>"$state/odd-times" || list_lost
    fi
    ! [ -s "$state/odd-times" ] || for_each "$2" "$state/odd-times" sh -c "$(program_times)" sh "$1" ${4:+"$4"} ||
        fail 'a time before 1970 or after 2105 cannot be set'
}
