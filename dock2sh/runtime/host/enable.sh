# Starting the service, now and with the machine. What was disabled here stays so: $service_place/enabled has the units that were enabled
# by this script once.

service_start() {
    tool systemctl >/dev/null || return 0
    for enable_next in "$service_name.service" "$service_name-health.timer"; do
        ! [ -f "/etc/systemd/system/$enable_next" ] || service_enable "$enable_next"
    done
    [ -d /run/systemd/system ] || return 0
    [ "$host_changed" -eq 0 ] || systemctl daemon-reload || fail 'systemctl daemon-reload'
    [ -n "$host_start" ] || return 0
    if [ "$host_changed" -gt 0 ]; then
        service_restart
    elif ! host_is_active; then
        say "$service_name.service is not running (systemctl start $service_name)"
    fi
    : "$install_unit"
}

# service_enable UNIT
service_enable() {
    if ! enable_has_link "$1"; then
        if enable_is_known "$1"; then
            say "$1 is disabled on this machine, and stays so (systemctl enable $1)"
            return
        fi
        # an init script of the same name, which a package may have brought, is enabled as the package has it
        SYSTEMCTL_SKIP_SYSV=1 systemctl -q enable "$1" || fail "systemctl enable $1"
        host_changed=$((host_changed + 1))
    fi
    enable_is_known "$1" || printf '%s\n' "$1" >>"$service_place/enabled"
}

# enable_has_link UNIT: by its own WantedBy=.
enable_has_link() {
    case $1 in
    *.timer) [ -L "/etc/systemd/system/$service_name.service.wants/$1" ] ;;
    *) [ -L "/etc/systemd/system/multi-user.target.wants/$1" ] ;;
    esac
}

# enable_is_known UNIT
enable_is_known() {
    grep -q -x -F -e "$1" "${preview_origin-$service_place}/enabled" 2>/dev/null
}

# enable_forget UNIT: it goes, and one of that name is a new one.
enable_forget() {
    ! enable_is_known "$1" || {
        grep -v -x -F -e "$1" "$service_place/enabled" >"$service_place/enabled.new"
        mv "$service_place/enabled.new" "$service_place/enabled"
    }
}

# service_restart: one that is disabled and stopped is not started.
service_restart() {
    enable_restart=restart
    enable_has_link "$service_name.service" || enable_restart=try-restart
    systemctl "$enable_restart" "$service_name.service" || service_failed
}

service_failed() {
    journalctl -q -u "$service_name" -n 10 -o cat --no-pager >&2
    fail "$service_name.service does not start. The steps are done; systemctl status $service_name says more"
}
