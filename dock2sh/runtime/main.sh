# The command line of the script, the order of its work, and how it ends.

main() {
    caller_locale=${LC_ALL-unset}
    : "$caller_locale"
    export LC_ALL=C
    caller_off
    set -u
    umask 022
    colours
    options "$@"
    case $action in
    help) help_text ;;
    list) state_reset && build ;;
    dry) dry_run ;;
    start) start_found ;;
    *) build_root ;;
    esac
}

# options WORD...: what the command line says, in variables; `given` is what the hint of a failure repeats.
options() {
    action=build given='' from_step=1 only_step='' only_stage='' root='' target_root='' context_dir=. state=''
    bases=${context_images-} contexts='' secrets='' agents='' start_arguments='' last_step=${total:-0} door=''
    while [ $# -gt 0 ]; do
        case $1 in
        --help | -h) action=help ;;
        --list) action=list ;;
        --dry-run) action=dry ;;
        start) action=start && shift && start_arguments=$(quote "$@") && break ;;
        --*=*) option "${1%%=*}" "${1#*=}" ;;
        --?*) [ $# -gt 1 ] || option_misses "$1"
            option "$1" "$2" && shift ;;
        *) misused "What is $(quote "$1")? Options come before \`start\`." ;;
        esac
        shift
    done
    options_agree
    : "$contexts$secrets$agents$bases$context_dir$start_arguments$target_root$last_step"
}

# options_agree: together they leave a step to do.
options_agree() {
    [ -n "$only_step" ] || [ "$total" -eq 0 ] || [ "$from_step" -le "$last_step" ] ||
        misused "--from $from_step --to $last_step leaves no step to do."
    [ -z "$only_step" ] || [ "$only_step" -le "$last_step" ] || misused "--only $only_step --to $last_step leaves no step to do."
}

# option_context NAME=SOURCE: a directory, or an image, which is another image under that name.
option_context() {
    case ${1%%=*} in *[ABCDEFGHIJKLMNOPQRSTUVWXYZ]*) misused "--build-context $(quote "$1"): a name has no capital letters." ;; esac
    ! option_takes_place "${1%%=*}" || misused "--build-context $(quote "$1"): a stage has that name, and docker puts the context in \
its place. Make a script that does so:  dock2sh --build-context $(quote "$1")"
    case ${1#*=} in
    docker-image://* | oci-layout://*) bases="$bases $(quote "$1")" ;;
    *) contexts="$contexts $(quote "$1")" ;;
    esac
}

# option_takes_place NAME: is it the name of a stage that is in this script?
option_takes_place() {
    case $1 in scratch | context) return 1 ;; esac # of these names docker makes no contexts for stages
    ! context_known "$1" || return 1
    option_name=$(full_reference "$1")
    stage_line "${option_name%:latest}" >/dev/null
}

# option_misses NAME: it is the last word.
option_misses() {
    case $1 in
    --from | --to | --only | --stage | --root | --context | --base | --build-context | --secret | --ssh | --door | --state)
        misused "$1 needs a value." ;;
    esac
    misused "Unknown option $(quote "$1")."
}

# option NAME VALUE
option() {
    case $1 in
    --from) option_step "$1" "$2" && from_step=$2 && return ;;
    --to) option_step "$1" "$2" && last_step=$2 ;;
    --only) option_step "$1" "$2" && only_step=$2 && return ;;
    --stage) option_stage "$2" && only_stage=$2 ;;
    --root) option_root "$2" ;;
    --context) [ -d "$2" ] || misused "--context $(quote "$2"): no such directory." && context_dir=$2 ;;
    --base) option_pair "$1" "$2" && bases="$bases $(quote "$2")" ;;
    --build-context) option_pair "$1" "$2" && option_context "$2" ;;
    --secret) option_secret "$2" && secrets="$secrets $(quote "$2")" ;;
    --ssh) agents="$agents $(quote "$2")" ;;
    --vendor) option_vendor "$2" ;;
    --door) option_door "$2" ;;
    --state) [ -n "$2" ] || misused '--state needs a directory.' && state=$2 ;;
    *) misused "Unknown option $(quote "$1")." ;;
    esac
    given="$given $1 $(quote "$2")"
}

option_step() {
    case $2 in
    '' | *[!0-9]* | ??????????*) misused "$1 needs the number of a step (--list shows them), not $(quote "$2")." ;;
    esac
    if [ "$2" -lt 1 ] || [ "$2" -gt "$total" ]; then
        misused "$1 $2: there are steps 1 to $total (--list shows them)."
    fi
}

# --door DIR: a program runs this script in a sandbox that it has made. DIR/door.sh says what it wants to be told and what it
# does itself (door_ask, door_run; docs/script.md).
option_door() {
    eval "$(cat "$1/door.sh")"
    door=$1
}

option_stage() {
    stage_line "$1" >/dev/null || misused "There is no stage $(quote "$1"). Stages: $(stage_names)"
}

# Where an empty value would mean the machine's own root, it is most likely a variable that was not set.
option_root() {
    [ -n "$1" ] || misused '--root needs a directory (/ is this machine itself, and the default).'
    [ ! -e "$1" ] || [ -d "$1" ] || misused "--root $(quote "$1") is no directory."
    case $1 in
    /*) target_root=$1 ;;
    *) target_root=$(pwd -P)/$1 ;;
    esac
}

# --vendor DIR: what `dock2sh lock --vendor` has kept of what the steps fetch.
option_vendor() {
    [ -n "${lock_mode-}" ] || misused '--vendor: this script has no lock, so nothing says which files are meant.'
    lock_vendor=$(cd -P -- "$1" 2>/dev/null && pwd -P) || misused "--vendor $(quote "$1"): no such directory."
    : "$lock_vendor"
}

option_pair() {
    case $2 in
    ?*=?*) ;;
    *) misused "$1 needs NAME=VALUE, not $(quote "$2")." ;;
    esac
}

option_secret() {
    secret_rest=$1,
    while [ -n "$secret_rest" ]; do
        case $secret_rest in
        id=,* | src=,* | source=,* | env=,*) secret_rest='' secret_wrong=1 ;;
        id=?* | src=?* | source=?* | env=?* | type=env,* | type=file,*) secret_rest=${secret_rest#*,} ;;
        *) secret_rest='' secret_wrong=1 ;;
        esac
    done
    case ,$1 in *,id=*) ;; *) secret_wrong=1 ;; esac
    [ -z "${secret_wrong-}" ] || misused "--secret needs id=NAME,src=FILE or id=NAME,env=VARIABLE, not $(quote "$1")."
}

# What is started is known when the words have been read.
start_found() {
    [ -z "$target_root" ] || [ -d "$target_root" ] || missing "the directory $target_root: build it first"
    [ "$(id -u)" -ne 0 ] || null_device
    place_target
    state_reset
    build
    ! type image >/dev/null 2>&1 || image
    start_image
}

# build_root: every wanted step, in the root that is meant.
build_root() {
    [ "$(id -u)" -eq 0 ] || missing "the right to do this: it needs root. As root (sudo sh ...) it goes on; --list and --dry-run \
work for everyone."
    trap 'end_script $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    null_device
    descriptors_open
    place_target
    lock_root
    place_state
    end_left_running "$state"
    undo_steps
    begin_afresh
    root_directory "${target_root:-/}"
    step_now=''
    state_reset
    build
    root_directory "${target_root:-/}"
    step_now=''
    [ -n "$door" ] || say "${colour_step-}done${colour_off-}"
}

# place_target: target_root becomes '' for /, or a real path. What leads to it is the machine's and its links are followed.
place_target() {
    [ -n "$target_root" ] || return 0
    mkdir -p "$target_root" || missing "the directory $target_root: it cannot be made"
    target_root=$(cd -P "$target_root" && pwd -P && echo /) || missing "a way into $target_root"
    target_root=${target_root%?/}
    case $target_root in / | //) target_root='' ;; esac # bash and POSIX keep two
}

dry() {
    [ "$action" = dry ]
}

# --dry-run needs no right and leaves nothing behind. Some words put notes into $state.
dry_run() {
    trap '[ -z "$state" ] || rm -rf "$state"' EXIT
    trap 'exit 130' INT
    state=$(mktemp -d) || missing 'a temporary directory'
    step_now=''
    place_target_dry
    state_reset
    build
}

place_target_dry() {
    [ ! -d "$target_root" ] || place_target
}

# end_script STATUS: the one way out of a build. What a step had put in place is taken away, then the end is told.
end_script() {
    trap '' INT TERM HUP
    ${run_ender-}
    [ -z "${state_placed-}" ] || undo_steps
    if [ "$1" -eq 0 ] && [ -n "${state_placed-}" ]; then
        state_remove
    elif [ -n "${step_now-}" ]; then
        report "$1"
    fi
    [ -z "${state_placed-}" ] || rm -rf "$state/lock"
    unlock_root
    [ -z "${null_made-}" ] || rm -f /dev/null
    exit "$1"
}

# null_device: in a bare chroot there may be none, and what is thrown away would become a file of the image.
null_device() {
    [ ! -c /dev/null ] || return 0
    [ -d /dev ] || mkdir -m 0755 /dev
    rm -f /dev/null
    mknod -m 666 /dev/null c 1 3 || missing 'the device /dev/null: mount /dev, or make it with mknod -m 666 /dev/null c 1 3'
    null_made=1
}

# descriptors_open: what the caller has closed would be the next file that is opened, and what a tool says would go there.
descriptors_open() {
    true 3>&2 || exec 2>/dev/null
    { true 3<&0; } 2>/dev/null || exec </dev/null
    { true 3>&1; } 2>/dev/null || exec >/dev/null
}

# report STATUS: which step, which line, and the command that goes on from there.
report() {
    case $1 in
    129 | 130 | 143) say "${colour_error-}stopped${colour_off-} in step $step_now of $total: $step_title" ;;
    *) say "${colour_error-}failed${colour_off-}: step $step_now of $total: $step_title" ;;
    esac
    report_step=$step_now
    if [ -f "$0" ]; then
        say "go on from there:  sh $(quote "$0" --from "$report_step")$given"
    else
        say "go on from there:  save this script as setup.sh, then  sh setup.sh --from $report_step$given"
    fi
}

help_text() {
    cat <<'HELP'
What `docker build` does with the Dockerfile, as a shell script. Run it as root.

  --list               show the steps            --from N         go on at step N
  --dry-run            say what would be done    --only N         do step N alone
  --to N               stop after step N
  --stage NAME         that stage's steps, and those of the stages it needs
  --root DIR           build into DIR (empty or missing: it is filled from the base image); default: this machine itself
  --context DIR        the build context; default: the current directory
  --build-context NAME=DIR               a named context (or docker-image://IMAGE, oci-layout://DIR)
  --base IMAGE=SOURCE                    a base image: a directory, a tar of a root file system, or docker-image://NAME
  --secret id=ID,src=FILE                or id=ID,env=VARIABLE
  --ssh default[=SOCKET]                 an agent for RUN --mount=type=ssh
  --vendor DIR         files that `dock2sh lock --vendor DIR` has kept
  --state DIR          where it keeps its own things while it works; default: a directory of its own in /var/lib/dock2sh
  start [-e K=V] [--entrypoint X] [-w DIR] [-u USER] [--] [ARG...]   start what was built, as `docker run IMAGE ARG...`;
                       an ARG that begins with - stands behind `--`: start -- -x, and start -- -- x passes `--`, too

Exit status: 0; 1 a step failed; 2 bad usage; 3 something is missing, and said; 130 after Ctrl-C.
HELP
}
