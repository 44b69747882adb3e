# Packages that steps have installed. Where nobody has changed the database of packages since, it is put back as it was, as any file is.
# Where somebody has (an upgrade, another service) it stays, and what it says is installed must be there: files of packages are the
# package manager's then, and dpkg removes what nobody else needs.

# packages_look: sets `undo_packages`, if so; $undo_state/free has those that are removed, $undo_state/kept those that stay.
packages_look() {
    undo_packages='' undo_shared=''
    : >"$undo_state/free" || undo_no_room
    : >"$undo_state/kept" || undo_no_room
    since_database "$undo_state/changed" || return 0
    undo_packages=1
    packages_brought >"$undo_state/brought" || undo_no_room
    ! packages_shared || undo_shared=1
    if [ -z "$undo_shared" ] && tool dpkg >/dev/null; then packages_free; fi
    LC_ALL=C comm -23 "$undo_state/brought" "$undo_state/free" >"$undo_state/kept"
}

# packages_brought: prints those that are here still.
packages_brought() {
    packages_in '' >"$undo_state/packages"
    cat "$service_place"/layers/[0-9]*/packages 2>/dev/null | LC_ALL=C sort -u | LC_ALL=C comm -12 - "$undo_state/packages"
}

# packages_shared: was another service set up since, on top of them? Nobody can tell which of them its steps have asked for.
packages_shared() {
    for package_next in "${service_place%/*}"/*/done; do
        [ "$package_next" = "$service_place/done" ] || [ -z "$(find "$package_next" -newer "$service_place/done" 2>/dev/null)" ] ||
            ! grep -q '/var/lib/dpkg/status$' "${package_next%/done}/changes" 2>/dev/null || return 0
    done
    return 1
}

# packages_free: $undo_state/free gets those on which nothing else depends.
packages_free() {
    cp "$undo_state/brought" "$undo_state/free" || undo_no_room
    while [ -s "$undo_state/free" ]; do
        package_said=$(xargs dpkg --simulate --purge <"$undo_state/free" 2>&1) && return
        printf '%s\n' "$package_said" | sed -n 's/^dpkg: dependency problems prevent removal of \([^:]*\).*:$/\1/p' >"$undo_state/needed"
        cp "$undo_state/free" "$undo_state/before"
        grep -vxF -f "$undo_state/needed" "$undo_state/before" >"$undo_state/free"
        # it will not for another reason: all of them stay
        ! cmp -s "$undo_state/before" "$undo_state/free" || : >"$undo_state/free"
    done
}

# packages_paths: prints what stays for the packages' sake: all that belongs to those that are here, but for those that are to go.
packages_paths() {
    [ -n "$undo_packages" ] || return 0
    package_paths "$undo_state/free"
    # what another package's alternative is reached by
    sed -n 's/^A\t/./p' "$undo_state/all" | undo_each / sh -c 'find "$@" -prune -lname "/etc/alternatives/*" 2>/dev/null' sh | sed 's/^[.]//'
}

# packages_purge
packages_purge() {
    [ -s "$undo_state/free" ] || return 0
    DEBIAN_FRONTEND=noninteractive xargs dpkg --purge <"$undo_state/free" >"$undo_state/dpkg" 2>&1 && return
    cat "$undo_state/dpkg" >&2
    warn 'dpkg could not remove all of them'
    LC_ALL=C comm -12 "$undo_state/free" "$undo_state/packages" >>"$undo_state/kept"
    : >"$undo_state/free"
    undo_lines
}

# packages_altered: prints those that were here before all steps, in another version.
packages_altered() {
    [ -n "$undo_packages" ] || return 0
    sed -n 's|^M./var/lib/dpkg/info/\([^:]*\)\(:[^:]*\)\{0,1\}[.]list$|\1|p' "$undo_state/all" | LC_ALL=C sort -u | LC_ALL=C comm -12 - "$undo_state/packages" | tr '\n' ' '
}

# packages_told: those that stay are set up once more: what their installation had made (alternatives, certificates) was taken back.
packages_told() {
    package_names=$(packages_altered)
    [ -z "$package_names" ] || warn "packages that stay in the version that the steps had brought: ${package_names% }"
    [ -s "$undo_state/kept" ] || return 0
    package_names=$(tr '\n' ' ' <"$undo_state/kept")
    warn "packages that stay, since others may need them by now (the package manager removes them): ${package_names% }"
    [ -z "$undo_dry" ] && tool dpkg-reconfigure >/dev/null || return 0
    xargs dpkg-reconfigure -f noninteractive <"$undo_state/kept" >/dev/null 2>&1 || warn "dpkg-reconfigure of these packages failed"
}
