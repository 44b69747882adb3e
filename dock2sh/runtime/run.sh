# RUN: a command in the root that is being built, with docker's environment for it and nothing of the caller's.

# run: the text on standard input, lines joined as a Dockerfile joins them, as one argument of the shell. Without a process: most
# texts are short, and a build may have many of them.
run() {
    run_taken=
    while IFS= read -r run_line || [ -n "$run_line" ]; do
        run_blank=${run_line%%[!" 	"]*}
        case $run_line in
        "$run_blank#"*) ;;
        *\\) run_taken=$run_taken${run_line%?} ;;
        *) run_taken="$run_taken$run_line
" ;;
        esac
    done
    run_taken=$run_taken.
    run_given_text
}

# run_text: the same, byte for byte.
run_text() {
    run_taken=$(cat && echo .)
    run_given_text
}

# run_lines: the same with the last newline, which a here-document that is the whole RUN has.
run_lines() {
    run_taken=$(cat && echo && echo .)
    run_given_text
}

# The last newline is the here-document's.
run_given_text() {
    run_taken=${run_taken%.}
    run_taken=${run_taken%"
"}
    eval "run_exec $run_shell \"\$run_taken\""
}

# script_run NAME: a here-document that begins with #!: a file for the shell, there for this step only.
script_run() {
    run_script=/dev/pipes/$1 run_placer=mounts_place
    ! { acting && wanted; } || cat >"$state/script" || list_lost
    eval "run_exec $run_shell $(quote "$run_script")"
}

# with TYPE K=V...: a --mount for the next RUN.
with() {
    run_mounts="${run_mounts-} $(quote "$(quote "$@")")" run_placer=mounts_place
    : "$run_mounts$run_placer"
}

# network none, network host: for the next RUN. Without namespaces of its own a step has the machine's network anyway.
network() {
    run_network=$1
}

# host_name NAME: what the machine of every RUN calls itself.
host_name() {
    run_host=$1
    : "$run_host"
}

# host_known ADDRESS NAME: it is in its /etc/hosts, too. ADDRESS may be host-gateway: this machine.
host_known() {
    [ "$1" != host-gateway ] || { shift && set -- "$(host_gateway)" "$@"; }
    run_hosts="${run_hosts-}$1	$2
"
}

# host_gateway: prints the address of the machine whose network the RUNs have: 127.0.0.1; in a container, where that is the
# container, what the engine has written into its /etc/hosts (podman), or whoever has the other end of its network (docker). A
# virtual machine of ours is told.
host_gateway() {
    in_container || { echo "${DOCK2SH_GATEWAY:-127.0.0.1}" && return; }
    while read -r host_address host_names; do
        case " $host_names " in *[[:blank:]]host.containers.internal[[:blank:]]*) echo "$host_address" && return ;; esac
    done </etc/hosts
    while read -r _ host_to host_way _; do
        [ "$host_to" != 00000000 ] || { host_bytes "$host_way" && return; }
    done </proc/net/route
    echo 127.0.0.1
}

# host_bytes HEX: an address as /proc/net/route has it, the last byte first.
host_bytes() {
    host_rest=${1%??}
    host_left=${host_rest%??}
    printf '%d.%d.%d.%d\n' "0x${1#??????}" "0x${host_rest#????}" "0x${host_left#??}" "0x${host_left%??}"
}

# limits NAME=SOFT:HARD...: of every RUN, as docker's --ulimit says them.
limits() {
    run_limits=$* run_limiter=run_limited
    : "$run_limits$run_limiter"
}

# shm_size BYTES: how big /dev/shm is for every RUN.
shm_size() {
    run_shm=$1
    : "$run_shm"
}

# security insecure: for the next RUN: every capability, nothing covered.
security() {
    run_security=$1
    : "$run_security"
}

# run_exec WORD...: the command itself.
run_exec() {
    ! wanted || run_wanted "$@"
    run_mounts='' run_network='' run_security='' run_script='' run_placer='' run_after=''
    : "$run_mounts$run_script"
}

run_wanted() {
    ! dry || { say "$(quote "$@")" && return; }
    [ -z "$door" ] || [ -n "${run_placer-}" ] || { door_run "$@" && return; }
    run_choose
    [ "$mode" = full ] || run_plainly
    account "$user"
    run_cwd
    run_more=''
    : >"$state/mounts"
    case $mode in full) places_full ;; *) places_plain ;; esac
    ${run_placer-}
    run_environment
    run_chain "$@"
    for run_note in pid interrupted refused status; do : >"$state/$run_note"; done
    run_before=$(run_processes)
    run_streams
    undo_steps
    [ -d "$state" ] || fail "the step removed $state, which this script needs: name another place with --state DIR"
    read -r run_status <"$state/status" || run_status=''
    [ -n "$run_status" ] || fail "nobody could note what the command ended with: is there room in $state?"
    ${run_after-}
    [ "$run_status" -ne 125 ] || [ ! -s "$state/refused" ] || fail "$(cat "$state/refused")"
    [ "$run_status" -eq 0 ] || fail "the command ended with exit status $run_status"
}

# A missing current directory is made as runc makes it: 0755, the step's user, each level.
run_cwd() {
    resolve "$cwd"
    [ -d "$root$resolved" ] || make_directories "$resolved" 0755 "$account_uid:$account_gid"
    run_wd=$resolved
    case $cwd_text/ in */../*) run_cwd_text "$cwd_text" ;; esac
}

# run_cwd_text DIR: a WORKDIR with a `..` in it is cleaned for COPY, but runc takes its text: it makes what is missing before
# the `..` too, as root (below a setgid directory of its group), and the kernel goes through a link before it goes up.
run_cwd_text() {
    text_rest=${1#/}/ text_at=
    while [ -n "$text_rest" ]; do
        text_at=$text_at/${text_rest%%/*} text_rest=${text_rest#*/}
        resolve "$text_at"
        [ -d "$root$resolved" ] || make_directories "$resolved" 0755 ''
    done
    run_wd=$resolved
}

# run_environment: sets `run_env`: what the words have set, proxies, docker's default PATH, secrets, and HOME as runc sets it.
run_environment() {
    run_saved=$environment
    eval "env_add $proxies"
    env_has PATH || env_set "PATH=$default_path"
    eval "env_add ${run_more-}"
    env_has_text HOME || env_set "HOME=$account_home"
    run_env=$environment environment=$run_saved
}

# run_choose: sets `mode` by trying: `full` with namespaces of the step's own, else `plain`.
run_choose() {
    [ -z "${mode-}" ] || return 0
    mode=plain
    run_kit
    run_remounts=$("$(tool unshare)" -m -p -i -u -f "$(tool sh)" -c "$(program_probe)" sh "$state" 2>/dev/null) && mode=full
    if [ "$mode" = full ]; then run_names; else plain_notes; fi
}

# run_names: the files that docker mounts on /etc/hosts and /etc/resolv.conf.
run_names() {
    printf '127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost ip6-loopback\n%s' \
        "${run_host:-buildkitsandbox}" "${run_hosts-}" >"$state/hosts"
    cat /etc/resolv.conf >"$state/resolv.conf" 2>/dev/null || : >"$state/resolv.conf"
}

# run_kit: sets `kit`: whose tools are here, util-linux's or those of busybox; and the first process as a word.
run_kit() {
    kit=linux
    case $("$(tool setpriv)" --help 2>&1) in *--bounding-set*) ;; *) kit=busybox ;; esac
    quote_word "$(program_enter)"
    run_first=$quoted
    : "$run_first"
    # the caller may have signals ignored (nohup, a job in the background), and only GNU env can undo that for the step
    run_signals=''
    case $("$(tool env)" --help 2>&1) in *--default-signal*) run_signals=--default-signal ;; esac
    for run_tool in unshare nsenter setsid; do
        tool "$run_tool" >/dev/null || missing "the tool $run_tool: install util-linux (or busybox)"
    done
    run_refuses=''
    case $("$(tool nsenter)" --wd=/ -- "$(tool true)" 2>&1) in *'no namespace'*) run_refuses=1 ;; esac
}

# run_streams: runs `chain` and waits. A shell heeds no signal before a command in its foreground ends, but it does so in `wait`; in
# the background the step would have SIGINT ignored, which only GNU env undoes.
run_streams() {
    [ -n "$run_signals" ] || { run_piped && return; }
    run_piped &
    run_job=$! run_ender=run_end
    wait "$run_job" || :
    run_ender=''
}

# run_end: the script is told to end while the step runs.
run_end() {
    run_kill
    wait "$run_job" || :
}

# run_piped: an empty pipe for input and pipes for output, as docker does: a program must not find a terminal. The first relay is
# the one that Ctrl-C reaches: its cat dies, its trap ends the step.
run_piped() {
    {
        {
            {
                : | eval "run_enter $chain" 4>&- 5>&-
                echo $? >"$state/status"
                run_leftovers 4>&- 5>&-
            } 2>&4 | run_relay >&5 4>&- 5>&-
        } 4>&1 | cat >&2 5>&-
    } 5>&1
}

run_relay() {
    trap run_kill INT TERM HUP
    cat
}

# run_enter WORD...
run_enter() {
    enter_mode=$mode enter_root=$root enter_state=$state enter_uid=$account_uid enter_wd=$run_wd \
        enter_network=$run_network enter_security=$run_security enter_remounts=$run_remounts enter_devices=$state/devices \
        enter_shm=${run_shm-} enter_hosts=${place_hosts-} enter_resolv=${place_resolv-} enter_host=${run_host:-buildkitsandbox} "$@"
}

# The step's first process: in `full` mode the kernel ends all the others with it, in `plain` mode it leads a session.
run_kill() {
    echo yes >"$state/interrupted"
    [ -s "$state/pid" ] || return 0
    kill -KILL "$(cat "$state/pid")" 2>/dev/null
    [ "$mode" = full ] || kill -KILL "-$(cat "$state/pid")" 2>/dev/null
}
