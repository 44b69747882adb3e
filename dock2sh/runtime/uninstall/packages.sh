# Debian's packages. Where somebody has installed or upgraded others since, dpkg's database stays as it is, and what it tells of those that the
# steps have installed must go on being true: dpkg itself removes them. One that another needs by now stays, and so does one that was here
# before, in the version that it has: with all their files.

# undo_packages: before files are taken back.
undo_packages() {
    grep -qx /var/lib/dpkg/status "$undo_state/changed" || return 0
    sed -n 's|^A./var/lib/dpkg/info/\(.*\)[.]list$|\1|p' "$undo_state/all" >"$undo_state/installed"
    sed -n 's|^[AM]./var/lib/dpkg/info/\(.*\)[.]list$|\1|p' "$undo_state/all" >"$undo_state/packages"
    [ -n "$undo_dry" ] || [ ! -s "$undo_state/installed" ] ||
        DEBIAN_FRONTEND=noninteractive xargs dpkg --purge <"$undo_state/installed" >"$undo_state/dpkg" 2>&1 || cat "$undo_state/dpkg" >&2
    packages_stay >"$undo_state/stay" || undo_no_room
    [ -s "$undo_state/stay" ] || return 0
    warn "packages that stay, with their files: $(tr '\n' ' ' <"$undo_state/stay")"
    packages_files | stay=$undo_state/lines awk '
        { stays[$0] = 1 }
        /^\/(bin|sbin|lib[^\/]*)\// { stays["/usr" $0] = 1 } # where these are links
        END { while ((getline line < ENVIRON["stay"]) > 0) if (!(substr(line, 3) in stays)) print line }' >"$undo_state/rest" || undo_no_room
    mv "$undo_state/rest" "$undo_state/lines"
}

# packages_stay: prints those that dpkg knows still. (--dry-run: that it would know.)
packages_stay() {
    while read -r package_next; do
        [ -z "$undo_dry" ] || ! grep -qxF "$package_next" "$undo_state/installed" || continue
        [ ! -f "/var/lib/dpkg/info/$package_next.list" ] || printf '%s\n' "$package_next"
    done <"$undo_state/packages"
}

# packages_files: prints the paths of what they have.
packages_files() {
    while read -r package_next; do
        cat "/var/lib/dpkg/info/$package_next.list"
        for package_file in "/var/lib/dpkg/info/$package_next".*; do printf '%s\n' "$package_file"; done
    done <"$undo_state/stay"
}
