# --preview: the steps on overlays that are thrown away, and a list of what they would have changed.

host_preview() {
    host_choose_way
    preview_origin=$service_place
    host_place
    host_due
    host_look
    trap 'end_script $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    preview_begin
    preview_build
    preview_show
}

# preview_begin: places of its own. A private tree that is there is the lower one; /var/tmp is on a disk where /tmp may not be.
preview_begin() {
    for preview_next in /var/tmp/dock2sh.*/owner; do
        ! [ -f "$preview_next" ] || preview_sweep "${preview_next%/owner}"
    done
    state=$(mktemp -d /var/tmp/dock2sh.XXXXXX) || missing 'a temporary directory in /var/tmp'
    step_now='' host_changed=0 lock='' service_place=$state/place state_placed=1
    : "$lock$state_placed"
    mkdir "$service_place"
    echo $$ >"$state/owner"
    ! [ -f "$preview_origin/packages" ] || cp "$preview_origin/packages" "$service_place/packages"
    target_root=$state/target
    [ "$way" = merge ] || preview_tree
    mkdir -p "$target_root"
    : >"$state/mounts"
}

# preview_sweep DIR: what a killed one has left. Everybody may write to /var/tmp, so it must be root's.
preview_sweep() {
    [ "$(stat -c %u "$1")" = 0 ] && [ ! -L "$1" ] && ! kill -0 "$(cat "$1/owner")" 2>/dev/null || return 0
    unmount_at "$1"
    mounted_below "$1" || rm -rf "$1"
}

preview_tree() {
    target_root=$service_place/rootfs
    mkdir "$target_root"
    ! [ -e "$preview_origin/filled" ] || { overlay_room_found && overlay_on "$preview_origin/rootfs" "$target_root" tree && : >"$service_place/filled"; }
}

preview_build() {
    [ -n "$due" ] || return 0
    exec 6>&1 >&2
    guard_packages_before
    state_reset
    build
    step_close
    step_now=''
    exec >&6 6>&-
}

# preview_show: on standard output, "A", "M" or "D", a tab, the path.
preview_show() {
    step_root=$target_root step_stage='' step_layer=''
    if [ -n "$due" ] && mounted_at "$target_root"; then
        guard_apt_off
        changes_find
        ! step_is_on_machine || { guard_packages && guard_services; }
        each_layer preview_layer | LC_ALL=C sort -k 2
    fi
    preview_files
    say "Nothing was changed. What a network or a daemon elsewhere was told by the steps is not undone."
    unset step_root
}

preview_layer() {
    list_deep "$1" "$3.deleted" >"$3.gone"
    record_lines A "$1" "$3.new" /
    record_lines A "$1" "$3.added" ''
    record_lines M "$1" "$3.changed" ''
    record_lines D "$1" "$3.gone" ''
    preview_directories "$@"
}

# Directories whose mode or owner would be another.
preview_directories() {
    directories_look "$1/" "$3.known" | LC_ALL=C sort >"$3.modes.a"
    directories_look "$2" "$3.known" | LC_ALL=C sort | comm -13 "$3.modes.a" - | sed 's/^[^ ]* [^ ]* //' |
        tr '\n\001' '\0\n' >"$3.other"
    record_lines M "$1" "$3.other" /
}

# What starts it is installed, too.
preview_files() {
    for preview_next in $(files_wanted); do
        preview_way=${preview_next%/*}
        while [ ! -d "$preview_way" ]; do
            printf 'A\t%s/\n' "$preview_way"
            preview_way=${preview_way%/*}
        done
    done | LC_ALL=C sort -u
    for preview_next in $(files_wanted); do
        if ! [ -e "$preview_next" ]; then printf 'A\t%s\n' "$preview_next"
        elif ! file_is "$preview_next"; then printf 'M\t%s\n' "$preview_next"
        fi
    done
}
