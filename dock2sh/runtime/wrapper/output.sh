# What the service says. Docker gives a container pipes; systemd gives a unit a socket, which nothing can open by a name: a log that is a
# link to /dev/stdout, and `echo >/dev/stderr`, fail with ENXIO there.

# output_piped: on the way to the socket there is a pipe. Its name goes when all that was said has arrived: the unit's ExecStopPost waits
# for that, since systemd kills what is left of a unit when its first process has ended. (Its /tmp is private.)
output_piped() {
    [ -S /proc/self/fd/1 ] || return 0
    output_pipe=/tmp/.run-$service_name
    rm -f "$output_pipe"
    mkfifo -m 0600 "$output_pipe" 2>/dev/null || return 0
    # a child of a shell that ends: to the service it is nobody's
    (output_carried &)
    [ ! -S /proc/self/fd/2 ] || exec 2>"$output_pipe"
    exec >"$output_pipe"
}

output_carried() {
    cat <"$output_pipe"
    exec rm -f "$output_pipe"
}
