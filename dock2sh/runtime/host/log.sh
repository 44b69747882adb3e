# The log, $service_place/setup.log: all that is said, by the script and the steps, and when each step began and ended.

# log_open: from here on everything goes through a tee each, one for standard output and one for standard error. Ctrl-C is for the
# script: it ends, then they do. If nobody reads what is said (`| head`), the log has it all the same.
log_open() {
    rm -f "$state/out" "$state/err"
    mkfifo "$state/out" "$state/err" || missing 'named pipes for the log'
    : >>"$service_place/setup.log"
    chmod 0600 "$service_place/setup.log"
    (trap '' INT TERM HUP PIPE; exec tee -a "$service_place/setup.log" <"$state/out") &
    log_out=$!
    exec 6>&1 >"$state/out"
    (trap '' INT TERM HUP PIPE; exec tee -a "$service_place/setup.log" <"$state/err" >&2 6>&-) &
    log_err=$!
    exec 9>&2 2>"$state/err"
    log_time "begin $service_name, from $(printf '%s' "$dockerfile_digest" | cut -c 1-12), $way"
}

# log_time TEXT
log_time() {
    [ -z "${log_out-}" ] || printf '== %s %s\n' "$(date '+%Y-%m-%dT%H:%M:%S%z')" "$*" >>"$service_place/setup.log"
}

log_close() {
    [ -n "${log_out-}" ] || return 0
    log_time "end, status $1"
    exec >&6 6>&- 2>&9 9>&-
    wait "$log_out" "$log_err"
    ! tool logger >/dev/null || logger -t dock2sh "$service_name: setup ended with status $1" 2>/dev/null
    rm -f "$state/out" "$state/err"
    rmdir "$state" 2>/dev/null || :
}
