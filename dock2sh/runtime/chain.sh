# A step's command as words: each program runs the next, down to the step's root, user and rights. With util-linux's tools or busybox's.

# run_chain WORD...: sets `chain`, the words that become the command: each program runs the next, so that the command is the
# first process, in a session of its own, and nothing is needed inside the root.
run_chain() {
    : "${run_network=}${run_security=}"
    chain=''
    [ "$mode" = plain ] || run_unshare
    chain_tool sh -c
    chain="$chain $run_first enter"
    chain_tool setsid
    [ -z "$door" ] || [ "$mode$run_security" != full ] || door_filter
    run_become "$@"
}

# chain_tool NAME WORD...: the path of a tool, and what it is called with.
chain_tool() {
    tool_find "$1"
    shift
    chain_words "$tool_found" "$@"
}

chain_words() {
    quote_all "$@"
    chain="$chain $quoted_all"
}

# run_become WORD...: the end of it: exactly that environment, then directory, groups, rights and user, then the command.
run_become() {
    run_outside
    run_leap_kind
    ${run_limiter-}
    run_chdir=''
    [ "$run_leaps" != nowhere ] || run_chdir=--chdir=$run_wd
    chain_tool env ${run_signals:+"$run_signals"} ${run_chdir:+"$run_chdir"} -i --
    [ "$run_leaps" = late ] || chain="$chain $run_env"
    case $kit in
    linux) run_become_linux "$@" ;;
    *) run_become_busybox "$@" ;;
    esac
}

# run_limited: docker's names of limits are the long options of prlimit; -1 is without a limit. A container that was made for the
# script has them.
run_limited() {
    [ "$mode${DOCK2SH_MACHINE-}" != plaingiven ] || return 0
    tool prlimit >/dev/null || missing 'the tool prlimit, for --ulimit: install util-linux'
    run_words=''
    for run_limit in $run_limits; do
        run_words="$run_words --$(printf '%s\n' "$run_limit" | sed 's/-1\([^0-9]\|$\)/unlimited\1/g')"
    done
    # shellcheck disable=SC2086
    chain_tool prlimit $run_words --
}

# util-linux: nsenter leaves the groups to setpriv when -S comes without -G. (Not unshare: docker's filter of system calls refuses
# the call, even for nothing.)
run_become_linux() {
    chain_tool setpriv "--regid=$account_gid"
    # a user namespace of one id has no say over groups (user_namespaces(7))
    case $(cat /proc/self/setgroups 2>/dev/null) in
    deny) chain_words --keep-groups ;;
    *) chain_words "--groups=$account_groups" ;;
    esac
    [ "$mode" = plain ] || [ "$run_security" = insecure ] || chain_words --inh-caps=-all --ambient-caps=-all \
        "--bounding-set=-all,\
+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,\
+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write"
    run_leap "$@"
}

# run_leap WORD...: into the root, the directory, and down to the user.
run_leap() {
    case $run_leaps in
    nsenter) chain_tool nsenter "--root=$run_at" "--wd=${run_at%/}$run_wd" "--setuid=$account_uid" -- "$@" ;;
    nowhere) chain_words "--reuid=$account_uid" -- "$@" ;;
    unshare) chain_tool unshare "--root=$run_at" "--wd=$run_wd" "--setuid=$account_uid" -- "$@" ;;
    late)
        run_leaper
        chain_words "$run_at" "$run_wd" "$account_uid"
        chain="$chain $run_env"
        chain_words -- "$@"
        ;;
    esac
}

# run_leap_kind: sets `run_leaps`. nsenter of util-linux 2.41 refuses where it is to enter no namespace: in this very root it is not
# needed (env has been asked for the directory), and unshare does the same, where no filter of system calls keeps it from that. A
# program that does it `late` gets the environment as words: what stands there is for the step alone.
run_leap_kind() {
    if [ -z "${run_refuses-}" ]; then
        run_leaps=nsenter
    elif [ "$run_at" = / ]; then
        run_leaps=nowhere
    elif run_may_unshare; then
        run_leaps=unshare
    else
        run_leaps=late
    fi
}

run_may_unshare() {
    "$(tool unshare)" --root=/ -- "$(tool true)" 2>/dev/null
}

# Perl is in every Debian and Ubuntu.
run_leaper() {
    tool perl >/dev/null ||
        missing 'a tool that enters a root: nsenter here (util-linux 2.41) refuses to, unshare may not. Install perl'
    chain_tool perl -e "$(program_leap)"
}

# run_outside: sets `run_at`, the root as the chain's programs see it, which are outside of it.
run_outside() {
    run_at=.
    [ "$mode" = full ] || run_at=${root:-/}
}

# busybox: no capability can be taken away; supplementary groups only by its start-stop-daemon, for an account of this /.
run_become_busybox() {
    chain_tool nsenter "-r$run_at" "-w${run_at%/}$run_wd"
    if run_is_account && tool start-stop-daemon >/dev/null; then
        run_program=$1 && shift
        chain_tool start-stop-daemon -S -q -p "$state/none" -c "$account_uid" -x "$run_program" -- "$@"
    else
        case $account_groups in
        *,*) warn "busybox alone cannot give the step's user the groups $account_groups: install util-linux" ;;
        esac
        for run_number in "$account_uid" "$account_gid"; do
            [ "$run_number" -lt 2147483648 ] ||
                missing "nsenter of util-linux, for the number $run_number: busybox's knows none above 2147483647"
        done
        chain_words -S "$account_uid" -G "$account_gid" -- "$@"
    fi
}

# Is the user one of this /'s own, with his own groups, and does busybox read it so? It takes the first account of a number, and
# skips a line ("bad record") that has not all of its fields, which docker reads as far as it goes.
run_is_account() {
    case $user in *:*) return 1 ;; esac
    [ -z "$root" ] && [ -n "$account_user" ] && [ "$(account_row passwd 3 "$account_uid" 1)" = "$account_user" ] &&
        LC_ALL=C awk -F: '/^(#|$)/ { next } NF != fields || $3 !~ /^[0-9]+$/ || (NF == 7 && $4 !~ /^[0-9]+$/) { exit bad = 1 }
            END { exit bad }' fields=7 "$(account_lines "$account_passwd")" fields=4 "$(account_lines "$account_groups_file")"
}

# run_unshare: --kill-child where it is known: no step outlives the script.
run_unshare() {
    set -- -m -p -i -u -f
    [ "$run_network" != none ] || set -- "$@" -n
    [ "$kit" = busybox ] || set -- "$@" --kill-child
    chain_tool unshare "$@"
}
