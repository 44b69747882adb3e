# Packages that steps have installed. Where nobody has changed dpkg's database since, it is put back as it was, as any file is. Where
# somebody has (an upgrade, another service) it stays, and what it says is installed must be there: files of packages are dpkg's then.

# undo_packages: they are removed by dpkg, but for those that others need by now; these are left whole.
undo_packages() {
    : >"$undo_state/kept"
    grep -qx /var/lib/dpkg/status "$undo_state/changed" && tool dpkg >/dev/null || return 0
    packages_brought >"$undo_state/brought"
    cp "$undo_state/brought" "$undo_state/free"
    if packages_shared; then : >"$undo_state/free"; else packages_free; fi
    grep -vxF -f "$undo_state/free" "$undo_state/brought" >"$undo_state/kept"
    [ -n "$undo_dry" ] || [ ! -s "$undo_state/free" ] ||
        DEBIAN_FRONTEND=noninteractive xargs dpkg --purge <"$undo_state/free" >&2 || warn 'dpkg could not remove all of them'
    undo_plan
    packages_left_out
}

# packages_brought: prints those that are there still.
packages_brought() {
    sed -n 's|^A.*/var/lib/dpkg/info/\(.*\)[.]list$|\1|p' "$service_place/changes" | sort -u | while read -r package_next; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package_next" 2>/dev/null)" != installed ] || printf '%s\n' "$package_next"
    done
}

# packages_shared: was another service set up since, on top of them? Nobody can tell which of them its steps have asked for.
packages_shared() {
    for package_next in "${service_place%/*}"/*/done; do
        [ "$package_next" = "$service_place/done" ] || [ -z "$(find "$package_next" -newer "$service_place/done" 2>/dev/null)" ] ||
            ! grep -q '/var/lib/dpkg/status$' "${package_next%/done}/changes" 2>/dev/null || return 0
    done
    return 1
}

# packages_free: leaves of $undo_state/free what nothing else depends on.
packages_free() {
    while [ -s "$undo_state/free" ]; do
        package_said=$(xargs dpkg --simulate --purge <"$undo_state/free" 2>&1) && return
        printf '%s\n' "$package_said" | sed -n 's/^dpkg: dependency problems prevent removal of \(.*\):$/\1/p' >"$undo_state/needed"
        cp "$undo_state/free" "$undo_state/before"
        grep -vxF -f "$undo_state/needed" "$undo_state/before" >"$undo_state/free"
        # it will not for another reason: all of them stay
        ! cmp -s "$undo_state/before" "$undo_state/free" || : >"$undo_state/free"
    done
}

# packages_left_out: of what is to be deleted. (dpkg may know /lib/x what lies in /usr/lib/x.)
packages_left_out() {
    [ -s "$undo_state/kept" ] || return 0
    {
        xargs dpkg-query -L <"$undo_state/kept"
        sed 's|.*|/var/lib/dpkg/info/&.|' "$undo_state/kept"
    } >"$undo_state/theirs"
    theirs=$undo_state/theirs LC_ALL=C awk '
        BEGIN { while ((getline line < ENVIRON["theirs"]) > 0) { theirs[line] = 1; theirs["/usr" line] = 1 } }
        { path = substr($0, 3); sub(/\/$/, "", path); info = path; sub(/[^.\/]*$/, "", info) }
        !(path in theirs) && !(info ~ /^\/var\/lib\/dpkg\/info\// && info in theirs)' "$undo_state/lines" >"$undo_state/lines.own"
    mv "$undo_state/lines.own" "$undo_state/lines"
}

# packages_told: they are set up once more: what their installation made (alternatives, certificates) was taken back.
packages_told() {
    [ -s "$undo_state/kept" ] || return 0
    package_names=$(tr '\n' ' ' <"$undo_state/kept")
    warn "packages that stay, since others may need them by now (apt-get purge removes them): ${package_names% }"
    ! tool dpkg-reconfigure >/dev/null || xargs dpkg-reconfigure -f noninteractive <"$undo_state/kept" >/dev/null 2>&1 ||
        warn "dpkg-reconfigure of these packages failed"
}
