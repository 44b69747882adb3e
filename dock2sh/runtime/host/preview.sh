# --preview: the steps on overlays that are thrown away, and a list of what they would have changed.

host_preview() {
    host_choose_way
    preview_origin=$service_place
    host_place
    host_due
    host_look
    host_ends
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
    for preview_next in packages sums files; do
        ! [ -f "$preview_origin/$preview_next" ] || cp "$preview_origin/$preview_next" "$service_place"
    done
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

# preview_tree: the tree that is there, only to be read; or none, where a new one would be made.
preview_tree() {
    target_root=$service_place/rootfs preview_below=''
    mkdir "$target_root"
    [ -z "$due_stale" ] || { host_from=0 from_step=1 && host_due && return; }
    [ -e "$preview_origin/filled" ] || return 0
    preview_below=$preview_origin/rootfs.part
    [ -d "$preview_below" ] || preview_below=$preview_origin/rootfs
    "$(tool mount)" -o bind "$preview_below" "$target_root" || missing "the right to mount on $target_root"
    "$(tool mount)" --make-private "$target_root" || fail "$target_root cannot be made private"
    "$(tool mount)" -o remount,bind,ro "$target_root" || fail "$target_root cannot be made read-only"
    : >"$service_place/filled"
}

preview_build() {
    [ -n "$due$rewind" ] || return 0
    exec 6>&1 >&2
    guard_packages_before
    layer_since
    state_reset
    build
    step_close
    [ -n "${overlay_target-}" ] || rewind_alone
    step_now=''
    exec >&6 6>&-
}

# preview_show: on standard output, "A", "M" or "D", a tab, the path.
preview_show() {
    step_root=$target_root step_stage='' step_layer='' step_below=$state/below
    preview_looked=''
    if [ -n "${overlay_target-}" ]; then
        preview_looked=1
        guard_apt_off
        changes_find
        ! step_is_on_machine || { elsewhere_untouched && guard_packages && guard_services; }
    fi
    [ "$way" = merge ] || [ -n "$preview_below" ] || say "The tree is a new one. It has the files of $target_base, too, which are not in this list."
    {
        [ -z "$preview_looked" ] || each_layer record_changes | preview_named | LC_ALL=C sort -k 2
        preview_files
        preview_service
    } | LC_ALL=C awk '!seen[$0]++'
    say "Nothing was changed. What a network or a daemon elsewhere was told by the steps is not undone."
    unset step_root
}

# preview_named: the tree where it would be.
preview_named() {
    here=$service_place/ there=$preview_origin/ LC_ALL=C awk '
        index($0, ENVIRON["here"]) == 3 { $0 = substr($0, 1, 2) ENVIRON["there"] substr($0, 3 + length(ENVIRON["here"])) } { print }'
}

# What starts it is installed, too.
preview_files() {
    service_account
    for preview_next in "$preview_origin/" $(files_wanted); do
        preview_directories "$preview_next"
    done | LC_ALL=C sort -u
    for preview_next in $(files_wanted); do
        file_is "$preview_next" || preview_file "$(file_place "$preview_next")"
    done
    for preview_next in $(files_past); do
        if [ -e "$preview_origin/backup$preview_next" ]; then printf 'M\t%s\n' "$preview_next"; else printf 'D\t%s\n' "$preview_next"; fi
    done
}

# preview_directories PATH: those on the way to it that are not there.
preview_directories() {
    preview_way=${1%/*}
    while [ ! -d "$preview_way" ]; do
        printf 'A\t%s/\n' "$preview_way"
        preview_way=${preview_way%/*}
    done
}

# preview_added PATH: it, and those, if it is not there.
preview_added() {
    [ ! -e "$1" ] && [ ! -L "$1" ] || return 0
    preview_directories "${1%/}"
    printf 'A\t%s\n' "$1"
}

preview_file() {
    if [ -e "$1" ]; then printf 'M\t%s\n' "$1"; else printf 'A\t%s\n' "$1"; fi
}
