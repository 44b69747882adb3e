# Where packages were installed, upgraded or removed since, the database of packages is not what setup.sh left. It stays then, with all
# that belongs to packages, and those that the steps have brought are removed by dpkg.

# undo_brought: $undo_state/brought, the packages of the steps that are here still.
undo_brought() {
    cat "$service_place"/layers/[0-9]*/packages 2>/dev/null | LC_ALL=C sort -u >"$undo_state/packages"
    packages_in '' | LC_ALL=C comm -12 - "$undo_state/packages" >"$undo_state/brought"
}

# undo_packages: dpkg removes what nobody else needs, and says what it leaves.
undo_packages() {
    since_database "$undo_state/changed" || return 0
    cp "$undo_state/changed" "$undo_state/changed.before"
    undo_purged
    [ ! -s "$undo_state/brought" ] || warn "packages that stay, since others need them: $(tr '\n' ' ' <"$undo_state/brought")"
    undo_plan
    mv "$undo_state/changed.before" "$undo_state/changed"
}

undo_purged() {
    tool dpkg >/dev/null || return 0
    while [ -s "$undo_state/brought" ]; do
        cp "$undo_state/brought" "$undo_state/before"
        # shellcheck disable=SC2046 # names of packages
        DEBIAN_FRONTEND=noninteractive dpkg --purge $(cat "$undo_state/before") </dev/null >&2
        undo_brought
        ! cmp -s "$undo_state/before" "$undo_state/brought" || return 0
    done
}

# undo_package_paths: prints what stays for the packages' sake.
undo_package_paths() {
    since_database "$undo_state/changed" || return 0
    undo_gone=$undo_state/brought # dpkg is still to remove them
    [ ! -f "$undo_state/changed.before" ] || undo_gone=/dev/null
    package_paths "$undo_gone"
    # what another package's alternative is reached by
    sed -n 's/^A\t/./p' "$undo_state/all" | undo_each / sh -c 'find "$@" -prune -lname "/etc/alternatives/*" 2>/dev/null' sh | sed 's/^[.]//'
}
