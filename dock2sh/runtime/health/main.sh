# health-NAME: one probe of HEALTHCHECK, with docker's counting. /run/NAME-health has the number of failures in a row, the state, and
# which start of the service they are of.

main() {
    set -u
    # timeout runs a program: this one
    ! [ "${1-}" = probe ] || { probe; exit; }
    state=/run/$service_name-health
    mkdir -p "$state"
    ! health_is_new || { health_is starting 0; exit; }
    health_said=$(timeout -k 1 "$timeout" "$0" probe 2>&1) && health_status=0 || health_status=$?
    [ -z "$health_said" ] || printf '%s\n' "$health_said" | head -c 4096
    if [ "$health_status" -eq 0 ]; then
        health_is healthy 0
    elif [ "$(health_age)" -lt "$start_period" ] && [ "$(cat "$state/state" 2>/dev/null)" != healthy ]; then
        health_is starting 0
    else
        health_failed
    fi
}

# health_is_new: the service was started since, and the timer with it: docker forgets what an earlier one was, and waits for an interval.
health_is_new() {
    health_start=$(systemctl show -p InvocationID --value "$service_name.service" 2>/dev/null)
    [ -n "$health_start" ] && [ "$health_start" != "$(cat "$state/start" 2>/dev/null)" ] || return 1
    printf '%s\n' "$health_start" >"$state/start"
}

health_failed() {
    health_count=$(($(cat "$state/failures" 2>/dev/null || echo 0) + 1))
    if [ "$health_count" -ge "$retries" ]; then
        health_is unhealthy "$health_count"
        exit 1
    fi
    health_is "$(cat "$state/state" 2>/dev/null || echo starting)" "$health_count"
}

# health_is STATE FAILURES
health_is() {
    printf '%s\n' "$1" >"$state/state"
    printf '%s\n' "$2" >"$state/failures"
    printf '%s: %s (failures: %s)\n' "$service_name" "$1" "$2"
}

# health_age: for how many seconds it has been running.
health_age() {
    health_began=$(systemctl show -p ActiveEnterTimestampMonotonic --value "$service_name.service" 2>/dev/null)
    awk -v began="${health_began:-0}" '{ printf "%d\n", $1 - began / 1000000 }' /proc/uptime
}
