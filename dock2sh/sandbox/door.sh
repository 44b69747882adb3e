# What a script does differently in a sandbox that a program has made for it (--door DIR). It is told of each step before the
# step begins, and changes then what lies under the root; it starts the RUNs that have no mounts, which costs it less than tools
# cost a script; and every root is there: $door/roots has a line `NAME DIR` for each stage and image.
#
# DIR has two pipes: a line goes out through `ask`, its answer comes in through `answer`. shellcheck shell=sh

# door_ask LINE: sets `door_said`. The answer to `step N` stands for the root's files of users and groups as they are then.
door_ask() {
    printf '%s\n' "$1" >"$door/ask"
    IFS= read -r door_said <"$door/answer"
    case $1 in step*) door_files=$door_said ;; esac
}

# door_run WORD...: a RUN. What docker does to the root first is done here as always. The process is described in $door/run, a
# NUL after each word: user, group, groups, directory, network, security, the machine's name and what it knows besides, its limits,
# the size of its /dev/shm, where hosts and resolv.conf are, the number of variables, they, the command. The answer is its exit
# status, or a sentence. Status 1: this one is not for the door.
door_run() {
    resolve /etc/hosts
    door_hosts=$resolved
    resolve /etc/resolv.conf
    case $door_hosts/$resolved in */dev/* | */proc/* | */sys/*) return 1 ;; esac # not the root's own: the usual way knows
    door_resolv=$resolved
    door_account "$user"
    run_cwd
    places_kernel
    run_environment
    { door_process && eval "door_words $run_env" && printf '%s\0' "$@"; } >"$door/run"
    door_ask run
    case $door_said in
    0) ;;
    *[!0-9]*) fail "$door_said" ;;
    *) fail "the command ended with exit status $door_said" ;;
    esac
}

# door_account SPEC: `account`, whose answer holds as long as those files are what they were.
door_account() {
    [ "${account_known-} ${door_looked-}" != "$1 $door_files" ] || return 0
    account "$1"
    door_looked=$door_files
}

door_process() {
    printf '%s\0' "$account_uid" "$account_gid" "$account_groups" "$run_wd" "${run_network:-default}" \
        "${run_security:-sandbox}" "${run_host-}" "${run_hosts-}" "${run_limits-}" "${run_shm:-0}" "$door_hosts" "$door_resolv"
}

# door_words WORD...: their number, and they.
door_words() {
    printf '%s\0' "$#" "$@"
}

# door_filter: a RUN that is not for the door gets docker's filter of system calls, which no tool of a script's can put on, all
# the same: a program that becomes the next of the chain. (No filter: there is no libseccomp.)
door_filter() {
    ! [ -s "$door/filter" ] || chain_words "$door/python" -I -S "$door/filtered.py" "$door/filter"
}

# Here is the filter; and Python, which needs no call that it refuses.
run_may_unshare() {
    false
}

run_leaper() {
    chain_words "$door/python" -I -S "$door/leap.py"
}

# door_root NAME: prints the root of a stage or an image.
door_root() {
    while IFS= read -r door_line; do
        [ "${door_line%% *}" != "$1" ] || { printf '%s\n' "${door_line#* }" && return; }
    done <"$door/roots"
    return 1
}

# ---- instead of the script's own

# Its places are there, they are nobody else's, and whoever has made them takes them away.
place_target() {
    :
}

lock_root() {
    :
}

unlock_root() {
    :
}

place_state() {
    :
}

root_directory() {
    :
}

# Who runs us says which step has failed, and how to go on.
report() {
    :
}

# The emulator's own, shared by all builds; a lock is held until the step has ended, and process numbers mean nothing here.
mount_caches() {
    (cd -P "$door/caches" && pwd -P)
}

mount_cache_lock() {
    door_ask "lock $mount_cache"
}

# start: the process is described, and the program outside starts it.
start_become() {
    resolve "$cwd"
    run_wd=$resolved run_security=''
    door_hosts='' door_resolv=''
    { door_process && eval "door_words $run_env" && eval "printf '%s\\0' $image_entrypoint $image_cmd"; } >"$door/run"
}

begin_afresh() {
    :
}

keep() {
    :
}

# moment: the layers up to this step are mounted once more.
moment() {
    ! wanted || door_ask "keep $1"
}

from() {
    target_begin "$1" "${2-}"
}

from_stage() {
    target_begin "$1" "${2-}"
}

stage_begin() {
    state_reset
    stage_now=$1 stage_skipped='' stage_needed=1
    root=$(door_root "$1") || root=$state/none
    : "$stage_now$stage_skipped$stage_needed"
}

stage() {
    stage_begin "$1"
}

stage_from() {
    stage_begin "$1"
}

# What the door does not know is a named context.
root_of() {
    door_root "$1" || (context_directory "$1") || missing "the root of $1"
}

source_of() {
    [ -n "$1" ] || { context; return; }
    source_root=$(root_of "$1" && echo /) || exit
    source_root=${source_root%?/} source_kind=stage source_rules=
    source_root=${source_root%/}
    door_root "$1" >/dev/null || named_context "$1"
}
