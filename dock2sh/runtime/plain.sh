# Without namespaces (an ordinary container, a bare chroot): what a step left running, and the devices of a root.

# plain_notes: what cannot be given here.
plain_notes() {
    ! [ -e /proc/self/stat ] || return 0
    warn 'there is no /proc here: steps find none, and daemons that they leave behind are not ended'
}

# run_plainly: what a step asks for and cannot get.
run_plainly() {
    [ "${run_network-}" != none ] ||
        missing 'a network namespace for RUN --network=none: run this as root on a machine or in a privileged container'
    # who has made this container for the script has made it so
    [ -z "${run_host-}${run_hosts-}${run_shm-}" ] || [ -n "${DOCK2SH_MACHINE-}" ] ||
        warn "steps see this container's own name, /etc/hosts and /dev/shm: nothing of --add-host, --shm-size or BUILDKIT_SANDBOX_HOSTNAME"
    [ "${run_security-}" != insecure ] || warn 'RUN --security=insecure: the step has the rights that there are here, and no more'
}

# run_processes: the numbers of all processes, for plain mode in a container.
run_processes() {
    [ "$mode" = plain ] && in_container || return 0
    (cd /proc && printf ' %s ' [0-9]*)
}

# A machine that was made of an image has the mark, too: its processes are in the first namespace, the number of which is the
# kernel's own (include/linux/proc_ns.h, PROC_PID_INIT_INO).
in_container() {
    [ -e /.dockerenv ] || [ -e /run/.containerenv ] || return 1
    [ "$(readlink /proc/self/ns/pid 2>/dev/null)" != 'pid:[4026531836]' ]
}

# run_leftovers: docker ends every process of a step with its first one. Surely the step's are those of its session, and, in a
# container, orphans that came with the step, with their children (daemons): not what `docker exec` brings, the first of which has
# parent 0, nor what a service starts that was there before.
run_leftovers() {
    [ "$mode" = plain ] && [ -s "$state/pid" ] || return 0
    kill -KILL "-$(cat "$state/pid")" 2>/dev/null
    [ -e /proc/self/stat ] || return 0
    for leftover_round in 1 2 3; do
        leftovers=$(leftover_list "$(cat "$state/pid")")
        [ -n "$leftovers" ] || return 0
        eval "kill -KILL $leftovers" 2>/dev/null
    done
    : "$leftover_round"
}

# leftover_list SESSION. Field 1 of stat is the number, 2 the name (which may hold blanks and brackets), 4 the parent, 6 the
# session.
leftover_list() {
    cat /proc/[0-9]*/stat 2>/dev/null | session=$1 before=${run_before-} LC_ALL=C awk '
        /^[0-9]+ \(/ { number = $1; sub(/^.*\) /, ""); parent[number] = $2; session[number] = $4 }
        END {
            for (p in parent) {
                if (session[p] != ENVIRON["session"]) {
                    if (ENVIRON["before"] == "" || index(ENVIRON["before"], " " p " ")) continue
                    if (index(ENVIRON["before"], " " session[p] " ")) continue
                    for (top = p; parent[top] > 1 && !index(ENVIRON["before"], " " parent[top] " "); ) top = parent[top]
                    if (parent[top] != 1) continue
                }
                printf "%s ", p
            }
        }'
}
