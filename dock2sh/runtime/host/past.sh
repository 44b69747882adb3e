# What an earlier version of this script has installed, and this one has not: a HEALTHCHECK that the Dockerfile had, a service whose
# image has no command any more. $service_place/files has the paths that the last one knew.

# files_past: prints those that are there still, as they were left.
files_past() {
    [ -f "$service_place/files" ] || return 0
    printf '%s\n' "$service_files" | known=$service_place/files awk '
        { wanted[$1] = 1 }
        END { while ((getline path < ENVIRON["known"]) > 0) if (!(path in wanted)) print path }' |
        while read -r past_next; do
            ! [ -f "$past_next" ] || ! file_is_untouched "$past_next" || printf '%s\n' "$past_next"
        done
}

# files_retire: they go, or what was there before comes back; one that somebody has changed stays.
files_retire() {
    for past_next in $(files_past); do
        file_retire "$past_next"
    done
    printf '%s\n' "$service_files" | sed 's/ .*//' >"$service_place/files"
}

file_retire() {
    say "$1 was an earlier version's, and is taken back"
    past_stop "${1##*/}"
    if [ -e "$service_place/backup$1" ]; then
        file_copy "$service_place/backup$1" "$1"
        printf './%s\0' "${1#/}" >"$state/list.put"
        record_sums '' "$state/list.put"
    else
        rm -f "$1"
        rmdir "${1%/*}" 2>/dev/null
    fi
    host_changed=$((host_changed + 1))
}

# past_stop UNIT: while systemd still knows what it is.
past_stop() {
    case $1 in *.service | *.timer) enable_forget "$1" ;; *) return 0 ;; esac
    tool systemctl >/dev/null || return 0
    ! [ -d /run/systemd/system ] || systemctl -q stop "$1" || warn "$1 cannot be stopped"
    SYSTEMCTL_SKIP_SYSV=1 systemctl -q disable "$1" 2>/dev/null
}
