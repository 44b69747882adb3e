# start: the image's entrypoint and command in the finished root, as `docker run IMAGE ARG...` would. No step is done again.

# entrypoint WORD... and cmd WORD...: ENTRYPOINT and CMD, as words.
entrypoint() {
    image_entrypoint=$(quote "$@")
}

cmd() {
    image_cmd=$(quote "$@")
}

start_image() {
    root=$target_root start_env='' start_gone=''
    : "${image_entrypoint=}${image_cmd=}"
    eval "start_options $start_arguments"
    [ -n "$image_entrypoint$image_cmd" ] || misused 'No command specified: the image has neither ENTRYPOINT nor CMD. Name one.'
    start_right
    account_names "${user:-0}" start
    start_environment
    "${start_by:-start_become}"
}

# start_right: may this be started by whoever calls it? `start_by` may say how, if not as root does it.
start_right() {
    [ "$(id -u)" -eq 0 ] || missing 'the right to start it: it needs root'
}

# start_options WORD...: docker run's, up to `--` or the first word that is none; then the arguments, which take the place of
# CMD. Where docker has IMAGE, which ends the options, `--` does. Another entrypoint clears CMD, too.
start_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --) shift && break ;;
        -i | -t | -it | -ti | --rm | --interactive | --tty) ;;
        --*=*) start_option "${1%%=*}" "${1#*=}" ;;
        -[euw]?*) start_value=${1#-?} && start_option "${1%"$start_value"}" "${start_value#=}" ;;
        -e | --env | --entrypoint | -w | --workdir | -u | --user)
            [ $# -gt 1 ] || misused "start: $1 needs a value. If it is meant for the image: start ... -- $1"
            start_option "$1" "$2"
            shift ;;
        -?*) start_option "$1" '' ;;
        *) break ;;
        esac
        shift
    done
    [ $# -eq 0 ] || image_cmd=$(quote "$@")
}

# start_option NAME VALUE
start_option() {
    case $1 in
    -e | --env) start_variable "$2" ;;
    --entrypoint) image_entrypoint='' image_cmd='' && [ -z "$2" ] || image_entrypoint=$(quote "$2") ;;
    -w | --workdir) cwd=$2 ;;
    -u | --user) user=$2 ;;
    *) misused "start: unknown option $(quote "$1"). Its options: -e K=V, --entrypoint X, -w DIR, -u USER." \
        "What is meant for the image stands behind \`--\`: start ... -- $(quote "$1")" ;;
    esac
}

# K=V, or K alone: the caller's value; if he has none it is not set, whatever the image says.
start_variable() {
    case $1 in
    *=*) start_env="$start_env $(quote "$1")" ;;
    '' | [0-9]* | *[!A-Za-z0-9_]*) misused "start -e: $(quote "$1") is no name of a variable." ;;
    *) caller_has "$1" || { start_gone="$start_gone $1" && return; }
        start_env="$start_env $(quote "$1=$caller_value")" ;;
    esac
}

# What the image and the options say, PATH, HOME, and what docker run adds: HOSTNAME, and TERM at a terminal. In docker's order:
# PATH, HOSTNAME, TERM, then what -e names, what the image names, HOME; a value that takes another's place stands there.
# (A caller that makes the machine and its terminal only afterwards says in DOCK2SH_HOSTNAME and DOCK2SH_TERM what they will be.)
start_environment() {
    start_saved=$environment environment=''
    env_set "PATH=$default_path"
    env_set "HOSTNAME=${DOCK2SH_HOSTNAME:-$(uname -n)}"
    if [ -n "${DOCK2SH_TERM-}" ]; then env_set "TERM=$DOCK2SH_TERM"; elif [ -t 0 ]; then env_set "TERM=${TERM:-xterm}"; fi
    eval "start_take $start_env"
    eval "start_take $start_saved"
    for start_name in $start_gone; do env_unset "$start_name"; done
    eval "start_take $start_env"
    env_has_text HOME || env_set "HOME=$account_home"
    run_env=$environment
}

# start_take K=V...: each in the place of the one of its name, or behind all.
start_take() {
    for start_new in "$@"; do
        quote_word "$start_new"
        start_rest=$quoted start_list=''
        eval "start_replace $environment"
        environment="$start_list $start_rest"
    done
}

start_replace() {
    for start_word in "$@"; do
        if [ "${start_word%%=*}" = "${start_new%%=*}" ]; then
            start_list="$start_list $start_rest" start_rest=''
        else
            quote_word "$start_word"
            start_list="$start_list $quoted"
        fi
    done
}

# The command takes the place of the script, so that signals reach it and its exit status is ours. A DIR gets its /proc, /sys
# and /dev in a mount namespace, where there is one to be had. The working directory is made where it is not there, as docker does.
start_become() {
    resolve "$cwd"
    run_wd=$resolved mode=plain
    : "${run_security=}"
    [ -d "$root$run_wd" ] || mkdir -p "$root$run_wd" || missing "the directory $cwd in ${root:-/}"
    run_kit
    case $root in
    '' | /proc/*) ;; # the root of a process has its places already
    *) ! "$(tool unshare)" -m "$(tool mount)" -n -t tmpfs tmpfs "$root" 2>/dev/null || mode=full ;;
    esac
    chain=''
    if [ "$mode" = full ]; then
        chain_tool unshare -m
        chain_tool sh -c
        chain="$chain $run_first enter"
    fi
    eval "run_become $image_entrypoint $image_cmd"
    export enter_mode=start enter_root="$root" enter_state='' enter_uid=0 enter_wd="$run_wd" enter_network='' enter_security=''
    export enter_remounts='' enter_devices=''
    eval "exec $chain"
}
