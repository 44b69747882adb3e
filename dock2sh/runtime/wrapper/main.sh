# run-NAME: starts it in the foreground, as `docker run IMAGE ARG...` does. Functions of the names of runtime's own take their place.

main() {
    caller_locale=${LC_ALL-unset}
    : "$caller_locale"
    caller_off
    set -u
    umask 022
    PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    case ${1-} in --help | -h) help_text && exit ;; esac
    action=start door='' state=/nonexistent root='' target_root=''
    [ ! -e "$service_place/way" ] || [ "$(cat "$service_place/way")" != root ] || target_root=$service_place/rootfs
    ! [ "${1-}" = --exec ] || { inside_service && shift; }
    : "$action$door$state$root$target_root"
    start_arguments=$(quote "$@")
    state_reset
    image
    case $target_root in /proc/*) image_entrypoint='' image_cmd='' ;; esac
    user=$service_user cwd=$service_directory cwd_text=$service_directory
    file_environment "$service_env"
    output_piped
    start_image
}

help_text() {
    cat <<HELP
usage: run-$service_name [-e K=V] [--entrypoint X] [-w DIR] [-u USER] [--] [ARG...]
   or: run-$service_name --exec [-e K=V] [-w DIR] [-u USER] COMMAND [ARG...]

Starts $service_name in the foreground, as \`docker run IMAGE ARG...\` does: ARGs take the place of the image's CMD. With --exec
COMMAND is run where the service runs, with its files, as \`docker exec\` does. The environment is in $service_env,
which is shell text and may be changed.
HELP
}

# inside_service: --exec: the command is run in the root that the running service sees, with its volumes.
inside_service() {
    inside_pid=$(systemctl show -p MainPID --value "$service_name.service" 2>/dev/null)
    [ "${inside_pid:-0}" -gt 0 ] || missing "the service: it is not running (systemctl start $service_name)"
    target_root=/proc/$inside_pid/root
}

# file_environment FILE: what FILE sets, and what it cannot (a name that is none to a shell). It is read by a shell of its own, so that
# nothing in it is taken for something of ours.
file_environment() {
    [ -r "$1" ] || missing "the right to read $1: start it as root, or as ${service_user:-root}"
    eval "env_add $("$(tool env)" -i "$(tool sh)" -c "$(program_variables)" sh "$1" "$(tool env)" | tr '\0\n' '\n\001' | LC_ALL=C awk '
        /^(PWD|OLDPWD|SHLVL|_|OPTIND|PS[124]|IFS|PPID)=/ { next }
        { gsub(/\047/, "\047\\\047\047"); gsub(/\001/, "\n"); printf " \047%s\047", $0 }')"
    more_environment
}

# start_right: root becomes the user, as docker does it; the service's user himself is he already.
start_right() {
    [ "$(id -u)" -eq 0 ] || start_by=start_as_is
    : "${start_by-}"
}

# start_as_is: by whom it is to be, without a right of root's.
start_as_is() {
    if [ "$(id -u)" != "$account_uid" ] || [ -n "$root" ]; then
        missing "the right to start it: as root, or as ${service_user:-root}"
    fi
    cd "$cwd" || missing "the directory $cwd"
    eval "exec \"$(tool env)\" -i -- $run_env $image_entrypoint $image_cmd"
}
