# The environment that the script is called with: what of it must not be taken for ours, and what it was.

# caller_off: no variable of the caller's is one of ours that is looked at before it is set (`mode=release`, `lock=1`: that is a directory
# to remove), and none tells cd, tar and the shell itself what to do.
caller_off() {
    set +efC # SHELLOPTS
    unset CDPATH GREP_OPTIONS TAR_OPTIONS
    unset base_names context_filling context_root fetch_after fetch_instead git_given git_given_step host_changed image_cmd \
        image_entrypoint lock lock_vendor log_out mode mount_number null_made overlay_room overlay_target path_followed place_hosts place_resolv \
        place_told preview_origin run_after run_before run_ender run_host run_hosts run_limiter run_limits run_more run_mounts \
        run_network run_placer run_refuses run_script run_security run_shm secret_wrong start_by state state_placed step_below step_now \
        step_root swap_number target_begun target_is_new transfer_acls transfer_by
}

# caller_has NAME: had the caller this variable? Sets `caller_value`. Ours, which may have taken its place, have small letters.
caller_has() {
    case $1 in
    *[!a-z0-9_]*) eval "[ -n \"\${$1+set}\" ] && caller_value=\${$1}" ;;
    *) caller_look "$1" ;;
    esac
}

caller_look() {
    caller_value=$(caller_variables | tr '\0\n' '\n\001' | name=$1= LC_ALL=C awk '
        index($0, ENVIRON["name"]) == 1 { printf "=%s", substr($0, length(ENVIRON["name"]) + 1); exit }' | tr '\001' '\n' && echo .)
    [ "$caller_value" != . ] || return 1
    caller_value=${caller_value#=} caller_value=${caller_value%.}
}

# caller_variables: prints what the caller had set, a NUL after each; what there is now, where there is no /proc. The file must be opened
# by a process that stays: of one that has become another program by then it has nothing (bash's child is cat).
caller_variables() {
    if [ -r /proc/self/environ ]; then
        { cat && :; } </proc/self/environ
    elif [ "$caller_locale" = unset ]; then
        "$(tool env)" -u LC_ALL -0
    else
        LC_ALL=$caller_locale "$(tool env)" -0
    fi
}
