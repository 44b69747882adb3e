# --preview of what keeps the service besides its files: accounts, volumes, places in /run, the links of `systemctl enable`.

preview_service() {
    [ -n "$service_unit" ] && [ -n "$host_unit" ] || return 0
    preview_accounts
    preview_volumes
    preview_run
    preview_links
    [ "$way" = merge ] || [ -z "$(tree_output)" ] || preview_added "$(service_log)"
}

# preview_accounts: those that no step makes, by systemd-sysusers.
preview_accounts() {
    tool systemd-sysusers >/dev/null || return 0
    for preview_next in $(printf '%s\n' "$service_groups" | tr , ' '); do
        preview_has_account group "$preview_next" || preview_written group gshadow
    done
    preview_has_account passwd "$account_uid" || preview_written passwd shadow
}

# preview_has_account FILE NUMBER: here, or by the steps.
preview_has_account() {
    preview_etc=/etc
    [ "$way" = root ] || ! mounted_at "$target_root" || preview_etc=$target_root/etc
    cut -d : -f 3 "$preview_etc/$1" | grep -qx -e "$2"
}

preview_written() {
    preview_added "/etc/sysusers.d/$service_name.conf"
    for preview_account in "/etc/$1" "/etc/$2" "/etc/$1-" "/etc/$2-"; do preview_file "$preview_account"; done
}

preview_volumes() {
    [ -n "$service_volumes" ] || return 0
    preview_top=$target_root
    [ "$way" = root ] || mounted_at "$target_root" || preview_top=''
    printf '%s\n' "$service_volumes" >"$state/volumes"
    while read -r volume_here volume_path <&8; do
        resolve_in "$preview_top" "$volume_path" || continue
        [ "$way" = root ] || [ -d "$preview_top$resolved" ] || preview_added "$resolved/"
        [ -d "$volume_here" ] || preview_volume "$preview_top$resolved"
    done 8<"$state/volumes"
    preview_added "/etc/systemd/system/$service_name.service.d/volumes.conf"
}

# preview_volume DIR: what is in it comes along.
preview_volume() {
    preview_added "$volume_here/"
    if [ -d "$1" ]; then
        (cd "$1" && find . ! -name . -type d) | sed "s|^[.]\\(.*\\)|A\t$volume_here\\1/|"
        (cd "$1" && find . ! -name . ! -type d) | sed "s|^[.]|A\t$volume_here|"
    fi
}

preview_run() {
    [ "$way" = merge ] && [ -d /etc/tmpfiles.d ] && mounted_at "$target_root" || return 0
    run_directories
    [ ! -s "$state/run" ] || preview_added "/etc/tmpfiles.d/$service_name.conf"
}

preview_links() {
    tool systemctl >/dev/null || return 0
    preview_link "$service_name.service" "multi-user.target.wants"
    case $(files_wanted) in
    *-health.timer*) preview_link "$service_name-health.timer" "$service_name.service.wants" ;;
    esac
}

# preview_link UNIT DIR: one that was disabled here stays so.
preview_link() {
    enable_is_known "$1" || preview_added "/etc/systemd/system/$2/$1"
}
