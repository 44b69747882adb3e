# A script for hosts: its command line and the order of its work. Functions that have the name of one of runtime's own stand in
# its place. `name` (of the service) and `place` (/var/lib/dock2sh/NAME) say what it is about.

main() {
    trap - EXIT # all of it has come
    caller_locale=${LC_ALL-unset}
    : "$caller_locale"
    export LC_ALL=C
    caller_off
    descriptors_open
    set -u
    umask 022
    # cloud-init and cron bring a short PATH
    PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    colours
    host_options "$@"
    case $action in
    help) help_text ;;
    list) host_list ;;
    dry) dry_run ;;
    *) host_act ;;
    esac
}

host_act() {
    [ "$(id -u)" -eq 0 ] || missing "the right to do this: it needs root. As root (sudo sh $(host_script)) it goes on; --list and \
--dry-run work for everyone."
    case $preview$status in
    '') host_setup ;;
    *status) host_status ;;
    *) host_preview ;;
    esac
}

# host_options WORD...: those of hosts alone; the others are as in every script (main.sh).
host_options() {
    host_yes=${D2S_YES-} host_force='' host_removal='' host_services='' host_start=1 host_unit=1 host_profile='' way=auto
    preview='' status='' host_rest='' host_from=0
    while [ $# -gt 0 ]; do
        case $1 in
        --yes | -y) host_yes=1 ;;
        --force) host_force=1 ;;
        --preview) preview=preview ;;
        --status) status=status ;;
        --way=*) host_way "${1#*=}" ;;
        --way) [ $# -gt 1 ] || misused '--way needs a value: auto, merge or root.'
            host_way "$2" && shift ;;
        --allow-removal) host_removal=1 ;;
        --allow-services) host_services=1 ;;
        --no-start) host_start='' ;;
        --no-service) host_unit='' ;;
        --profile) host_profile=1 ;;
        --root | --root=*) misused "--root: this script sets up the machine that it runs on. \`dock2sh DIR\` makes one that builds \
into a directory." ;;
        start) misused "start: \`run-$service_name\` starts it, once this script has run." ;;
        *)
            case $1 in --from | --from=*) host_from=asked ;; esac
            host_rest="$host_rest $(quote "$1")" ;;
        esac
        shift
    done
    eval "options $host_rest"
    [ "$host_from" = 0 ] || host_from=$from_step
    host_only=$only_step
    : "$host_force$host_removal$host_services$host_start$host_unit$host_profile"
}

host_way() {
    case $1 in
    auto | merge | root) way=$1 ;;
    *) misused "--way $(quote "$1"): one of auto, merge, root." ;;
    esac
}

# What this script is called, for a person to type.
host_script() {
    if [ -f "$0" ]; then quote "$0"; else echo setup.sh; fi
}

# host_setup: looks, asks, and does the steps that are left; then what starts it.
host_setup() {
    host_choose_way
    host_place
    host_due
    host_look
    host_ask
    host_ends
    host_begin
    log_open
    host_build
    host_install
    host_end
}

# host_ends: whatever ends it, what is open is closed. (PIPE: nobody reads what it says any more; that would kill a shell on the spot.)
host_ends() {
    trap 'end_script $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    trap 'exit 141' PIPE
}

# The steps that are due. What an earlier run left unfinished has been brought in order, so it is asked again which these are.
host_build() {
    state_reset
    step_now='' host_changed=0
    [ -n "$due$rewind" ] || tree_is_missing || return 0
    guard_packages_before
    layer_since
    build
    step_close
    rewind_alone
    step_now=''
}

# host_begin: this script's own places, the lock, and what an earlier run left. A reboot takes the lock away.
host_begin() {
    lock=''
    lock_take /run/dock2sh.lock || missing "the machine for itself: process $(cat /run/dock2sh.lock/pid) is at work on it. Wait \
for it, or, if that is none of these scripts: rm -r /run/dock2sh.lock"
    lock=/run/dock2sh.lock
    (umask 077 && mkdir -p "$service_place" "$state") || missing "a place for its record: $service_place cannot be made"
    chmod 0700 "$state"
    uninstall_text >"$service_place/uninstall.sh"
    state_placed=1
    : "$state_placed$lock"
    tree_resume
    host_recover
    host_due
    tree_begin
    mkdir -p "$target_root"
    : >"$state/mounts"
}

# host_recover: ends a step that a killed run left running, unmounts, and goes on with what it was putting in place.
host_recover() {
    end_left_running "$state"
    undo_steps
    overlays_off
    apply_recover
    for host_layer in "$state"/stages/*/on-host "$state"/images/*/on-host; do
        [ ! -e "$host_layer" ] || [ ! -d "${host_layer%/on-host}/root" ] || overlay_stage "${host_layer%/on-host}"
    done
}

# end_script STATUS: the one way out. Where it has begun nothing, what is in its place is another one's, who is at work.
end_script() {
    trap '' INT TERM HUP PIPE
    [ -z "${state_placed-}" ] || end_work "$1"
    unlock_root
    exit "$1"
}

end_work() {
    ${run_ender-}
    undo_steps
    overlays_off
    if [ "$1" -ne 0 ]; then
        [ -z "${step_now-}" ] || report "$1"
        [ -n "$preview" ] || tree_back
    elif [ -z "$preview" ]; then
        host_state_remove
    fi
    log_close "$1"
    [ -z "$preview" ] || host_state_remove
}

# Nothing is deleted through a mount.
host_state_remove() {
    if mounted_below "$state"; then warn "something is still mounted in $state"; else rm -rf "$state"; fi
}

host_end() {
    if [ "$host_changed" -gt 0 ]; then
        say "${colour_step-}done${colour_off-}: $service_name is set up; what was done is in $service_place"
    else
        say "${colour_step-}done${colour_off-}: there was nothing to do"
    fi
    printf 'changed=%s\n' "$host_changed"
}

# report STATUS: the step that failed, what it said last, and how to go on.
report() {
    case $1 in
    129 | 130 | 143) say "${colour_error-}stopped${colour_off-} in step $step_now of $total: $step_title" ;;
    *) say "${colour_error-}failed${colour_off-}: step $step_now of $total: $step_title" ;;
    esac
    [ -n "$preview" ] || say "$(report_left) All that was said is in $service_place/setup.log. The same \
command goes on at step $step_now:  sh $(host_script)"
}

report_left() {
    if [ -e "$state/apply" ]; then
        echo 'What the step has made is in place in part only: it is all ready, and the next run puts the rest there.'
    else
        echo 'This machine is as the steps before it left it.'
    fi
}

help_text() {
    cat <<HELP
Sets up $service_name on this machine, as its Dockerfile says, without containers. Run it as root.

  --list             show the steps                   --from N     do step N and those after it, also if they were done
  --dry-run          say what would be done           --only N     do step N alone
  --preview          do it on a copy of this machine, and list which files would be added, changed, deleted; leaves nothing
  --status           are steps left? Exit status 0: no, 1: yes
  --yes              do not ask (also: D2S_YES=1)     --force      go on though a look at the machine says no
  --way WAY          merge: into this machine's own files; root: into a private tree, $service_place/rootfs; auto (the default): merge
                     where the base image is this distribution and release, else root
  --base IMAGE=SOURCE   a base image: a directory, a tar of a root file system, or docker-image://NAME
$([ -z "${known_contexts-}" ] || echo '  --build-context NAME=SOURCE   a named context that is not in this script: a directory, docker-image://NAME, oci-layout://DIR')
  --secret id=ID,src=FILE   or id=ID,env=VARIABLE     --ssh default[=SOCKET]
$([ -z "${lock_mode-}" ] || echo '  --vendor DIR       files that "dock2sh lock --vendor DIR" has kept: taken instead of fetched')
  --no-start         do not start the service         --no-service   install no service at all
  --profile          the environment for login shells, too (/etc/profile.d)
  --allow-removal    a step may remove packages that were here before it
  --allow-services   leave the services of packages enabled that steps install
$(! command -v context >/dev/null || command -v context_data >/dev/null || echo '  --context DIR      the build context (default: the current directory)')

It can be run again: what is done and unchanged is not done again, and after a failure it goes on there.
$service_place/uninstall.sh takes everything back.

Exit status: 0; 1 a step failed; 2 bad usage; 3 something is missing, and said; 130 after Ctrl-C.
HELP
}
