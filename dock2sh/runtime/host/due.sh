# Which steps are to be done. `steps` has a line for each: its number, its stage (- is the target), the digest of all that it
# depends on, the stages that it needs. $service_place/done and work/stages/NAME/done have the numbers and digests of what was done.

# host_due: sets `due`, the numbers with blanks around them, and `due_stale`, if something was done that is no step any more.
host_due() {
    due_stages='' due_stale=''
    rewind_find
    for due_next in $(printf '%s\n' "$steps" | awk '$2 != "-" && !seen[$2]++ { print $2 }'); do
        [ ! -d "$state/stages/$due_next/root" ] || due_stages="$due_stages $due_next"
    done
    host_due_stale
    due=$(
        {
            rewind_done | awk '{ print "done", "-", $1, $2 }'
            for due_next in $due_stages; do
                ! [ -f "$state/stages/$due_next/done" ] ||
                    stage=$due_next awk '{ print "done", ENVIRON["stage"], $1, $2 }' "$state/stages/$due_next/done"
                echo "root $due_next"
            done
            printf '%s\n' "$steps" | sed 's/^/step /'
        } | from=$host_from only=$host_only awk "$(program_due)"
    )
    : "$due_stale"
}

host_due_stale() {
    [ -f "$service_place/done" ] || return 0
    due_stale=$(printf '%s\n' "$steps" | awk 'NR == FNR { known[$3] = 1; next } !($2 in known) { print $1 }' - "$service_place/done")
    # a tree has no layers to take back
    [ "$way" != root ] || [ "$host_from" -eq 0 ] || [ -n "$due_stale" ] ||
        due_stale=$(from=$host_from awk '$1 + 0 >= ENVIRON["from"] + 0 { print $1 }' "$service_place/done")
}

# is_due N
is_due() {
    case $due in *" $1 "*) return 0 ;; esac
    return 1
}

# step_begin N TITLE: the step before it has come to its end; this one is done unless it was.
step_begin() {
    [ "$action" = build ] || { step_wanted=1 step_now=$1 && say "[$1/$total] $2" && return; }
    step_close
    if ! is_due "$1"; then
        [ -z "$stage_now" ] || [ -d "$root" ] || stage_skipped=1
        return
    fi
    step_wanted=1 step_now=$1
    say "${colour_step-}[$1/$total]${colour_off-} $2"
    log_time "step $1"
    : "$step_wanted$stage_skipped"
}

# step_digest N: prints that of the table.
step_digest() {
    printf '%s\n' "$steps" | number=$1 awk '$1 == ENVIRON["number"] { print $3 }'
}

host_list() {
    state_reset
    build
    [ -z "${dangers-}" ] || printf '%s\n' "$dangers" | sed 's/^/  careful: step /' >&2
}

# host_status: says what is left. A machine reads the exit status, and the last line.
host_status() {
    host_choose_way
    host_place
    host_due
    status_left=$(echo "$due" | wc -w)
    if [ "$status_left" -gt 0 ]; then
        printf '%s\n' "$steps" | due=$due awk '{ print "[" $1 "] " (index(ENVIRON["due"], " " $1 " ") ? "to be done" : "done") }'
    elif [ -n "$due_stale" ]; then
        status_left=1
        echo 'what is no step any more is to be taken back'
    elif ! host_is_installed; then
        status_left=1
        echo 'what starts it is missing or was changed'
    fi
    status_drift
    printf 'left=%s\n' "$((status_left))"
    [ "$status_left" -eq 0 ]
    exit
}

# status_drift: what of the steps' files was changed here since. It is told, and no more: to run this script does not change it back, and
# who has changed it may have had reason to. (Logs, and the databases and caches of packages, are everybody's; env.sh is there to be changed.)
status_drift() {
    [ "$way" = merge ] && [ -f "$service_place/sums" ] || return 0
    drift_place=$(mktemp -d) || return 0
    since_changed "$service_place" "$drift_place"
    grep -v -e '^/var/log/' -e '^/var/cache/' -e '^/var/lib/dpkg/' -e '^/var/lib/apt/' -e '^/etc/ld[.]so[.]cache$' -e '^/etc/dock2sh/' "$drift_place/changed" |
        sed 's/^/changed here since: /'
    rm -rf "$drift_place"
}
