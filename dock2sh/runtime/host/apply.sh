# Putting in place what a step has changed: what was there is kept, then all is moved over. $state/apply says that this has begun: a
# killed run ends it the next time. For each file system of $state/lowers there are lists of ./names, a NUL after each:
# N.new and N.known (directories), N.all (both), N.added, N.changed, N.deleted;
# N.replaced (the new directories in the place of a file).

# step_close: the step has come to its end.
step_close() {
    [ -n "${step_root+open}" ] || return 0
    if [ -n "$preview" ] && [ -z "$step_stage" ]; then
        unset step_root
        return
    fi
    guard_apt_off
    changes_find
    ! step_is_on_machine || run_directories
    ! step_is_on_machine || { elsewhere_untouched && guard_packages && guard_services && layer_seen; }
    step_unmount
    ! step_is_on_machine || apply_undisturbed
    each_layer layer_room
    apply_keep
    apply_note
    apply
    unset step_root
    log_time "done $step_now"
}

# step_unmount: a stage that stands on this machine's files has an overlay of its own, below the step's at the same place.
step_unmount() {
    if step_is_on_machine; then
        unmount_at "$step_root"
    else
        unmount "$step_root"
        unmount "$step_below"
    fi
}

# changes_find: the lists, for each file system. What a machine's files have of access control lists is theirs, and stays.
changes_find() {
    [ -n "$(tar --acls -cf /dev/null -T /dev/null 2>&1)" ] || transfer_acls=yes
    : "${transfer_acls-}"
    changes_number=0
    rm -rf "$state/lists"
    mkdir "$state/lists"
    while IFS= read -r changes_lower <&8; do
        changes_of "$changes_lower" "$overlay_room/$step_layer$changes_number/upper" "$state/lists/$changes_number"
        changes_number=$((changes_number + 1))
    done 8<"$state/lowers"
}

# changes_of LOWER UPPER LISTS
changes_of() {
    changes_merged=$step_root changes_leave='' changes_below=${step_below-}
    ! step_is_on_machine || changes_below=$1 changes_merged=$step_root$1 changes_leave=$(machine_own "$1")
    (cd "$2" && eval "find . $changes_leave ! -name . -print0") >"$3.upper" || fail "what the step changed cannot be read ($2)"
    for changes_list in new known all added changed deleted replaced; do : >"$3.$changes_list"; done
    each_of "$2" "$3.upper" sh -c "$(program_changes)" sh "$changes_below" "$changes_merged" \
        3>"$3.new" 4>"$3.known" 5>"$3.all" 6>"$3.added" 7>"$3.changed" 9>"$3.replaced" || fail 'what the step changed cannot be read'
    { printf '.\0' && cat "$3.known"; } >"$3.look"
    # first what is below: what comes into being meanwhile is not taken for deleted
    names_in "$changes_below/" "$3.look" >"$3.before"
    names_in "$changes_merged" "$3.look" >"$3.after"
    # (all of it would be missed there)
    mounted_at "$changes_merged" || fail "what the step worked on was unmounted by somebody else. Nothing of the step was put in place"
    LC_ALL=C comm -23 "$3.before" "$3.after" | tr '\001\n' '\n\0' >"$3.missed"
    each_of "$changes_merged" "$3.missed" sh -c "$(program_absent)" sh >"$3.deleted"
    if step_is_on_machine; then list_gone "$1" "$3"; elif [ -n "$preview" ]; then list_gone "$changes_below" "$3"; fi
}

# names_in DIR LIST: prints the names in the directories of LIST, a line each, sorted. A newline in one becomes \001.
names_in() {
    each_of "$1" "$2" sh -c 'find "$@" -mindepth 1 -maxdepth 1 -print0' sh | tr '\n\0' '\001\n' | LC_ALL=C sort
}

# machine_own LOWER: find's words for what is the machine's own, below LOWER: the kernel's, what does not outlive a reboot, and ours.
machine_own() {
    printf '%s' '\( '
    for own_next in /proc /sys /dev /run /tmp /var/tmp /var/run /var/lib/dock2sh; do
        case $own_next in "$1"/*) printf -- '-path %s -o ' "$(quote ".${own_next#"$1"}")" ;; esac
    done
    printf '%s' '-path ./. \) -prune -o ' # nothing is called that
}

# each_layer WORD...: calls WORD... LOWER UPPER LISTS for each file system.
each_layer() {
    layer_number=0
    while IFS= read -r layer_lower <&8; do
        "$@" "$layer_lower" "$overlay_room/$step_layer$layer_number/upper" "$state/lists/$layer_number"
        layer_number=$((layer_number + 1))
    done 8<"$state/lowers"
}

# apply_undisturbed: fails if somebody else has changed what the step changed. Logs are written by many, and are left as they are. What has a
# time that has not come yet (a clock that was set since) was not changed just now.
apply_undisturbed() {
    : >"$state/ended"
    # a busybox knows the time of a file's content only
    undisturbed_by=-newer
    ! sh -c 'find / -prune -cnewer /' >/dev/null 2>&1 || undisturbed_by=-cnewer
    each_layer layer_undisturbed
}

layer_undisturbed() {
    disturbed=$(each_of "$1/" "$3.changed" sh -c 'find "$@" -prune '"$undisturbed_by $(quote "$state/begun") ! $undisturbed_by $(quote "$state/ended")"' -print' sh 2>/dev/null |
        grep -v '^[.]/var/log/' | head -n 1)
    [ -n "$disturbed" ] || disturbed=$(each_of "$1/" "$3.added" sh -c "$(program_present)" sh | head -n 1)
    [ -z "$disturbed" ] || fail "$1${disturbed#.} was changed by somebody else while the step ran (an upgrade of packages?). Nothing \
of the step was put in place; the same command does it again"
}

# layer_room LOWER UPPER LISTS: is there room for what is to be put in place? On one file system with it what was added is only
# linked. (A df of busybox may know no file system, in a chroot.)
layer_room() {
    room_list=$3.changed
    [ "$(stat -c %d "$2")" = "$(stat -c %d "$1/")" ] || { room_list=$3.room && cat "$3.added" "$3.changed" >"$room_list"; }
    room_wanted=$(each_of "$2" "$room_list" sh -c 'du -k "$@"' sh | awk '{ sum += $1 } END { print sum + 0 }')
    room_here=$(df -Pk "$1/" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ -z "$room_here" ] || [ "$room_wanted" -le "$room_here" ] || fail "there is no room in ${1:-/} for what the step has made: it has \
$((room_wanted / 1024)) MB, there are $((room_here / 1024)) MB. Nothing of the step was put in place"
}

# apply_keep: what this machine had is copied to $service_place/backup, unless an earlier step of ours had put it there.
apply_keep() {
    step_is_on_machine || return 0
    each_layer keep_layer unknown "$service_place/backup"
    layer_keep
}

# keep_layer WHICH PLACE LOWER UPPER LISTS: what the record does not know, or knows, is copied to PLACE as it is before the step.
keep_layer() {
    cat "$5.changed" "$5.replaced" "$5.gone" "$5.known" >"$5.had"
    list_lines "$5.had" | which=$1 lower=$3 changes=$service_place/changes without=$state/rewind/lines LC_ALL=C awk "$(program_recorded)" >"$5.names"
    [ -s "$5.names" ] || return 0
    rewind_names <"$5.names" >"$5.keep"
    mkdir -p "$2$3"
    source_kind=stage
    keep_parents "$3" "$5.keep"
    in_root "$2$3" transfer "$3/" "$5.keep.whole" "$2$3" replace '' ''
    : "$source_kind"
}

# keep_parents LOWER LIST: LIST.whole has the directories on the way, too, each before what is in it.
keep_parents() {
    list_lines "$2" | LC_ALL=C awk '
        { way = ""; n = split($0, part, "/"); for (i = 1; i < n; i++) { way = way (i > 1 ? "/" : "") part[i]; if (way != "." && !seen[way]++) print way } }
        !seen[$0]++' | tr '\001\n' '\n\0' >"$2.whole"
}

# each_of DIR LIST COMMAND...: for_each, but not for an empty LIST: xargs calls its command at least once, and `find` without a name
# means all.
each_of() {
    [ ! -s "$2" ] || for_each "$@"
}

# list_deep LOWER LIST: the names of LIST and all that is below them.
list_deep() {
    each_of "$1/" "$2" sh -c 'find "$@" -print0' sh 2>/dev/null
}

# list_gone LOWER LISTS: LISTS.gone has what will not be there: what is deleted, and what is in directories that become something else (a link).
list_gone() {
    {
        list_deep "$1" "$2.deleted"
        each_of "$1/" "$2.changed" sh -c 'find "$@" -mindepth 1 -print0' sh 2>/dev/null
    } >"$2.gone"
}

# list_lines LIST: as lines; a newline in a name becomes \001.
list_lines() {
    tr '\n\0' '\001\n' <"$1"
}

# apply_note: from here on the step's changes are put in place, whatever happens. They are on the disk first: after a power cut a note of
# them without their content would put empty files in place.
apply_note() {
    apply_digest=$(step_digest "$step_now") apply_place=''
    ! step_is_on_machine || [ "$step_now" = 0 ] || apply_place=$(layer_name)
    sync
    {
        echo "apply_number=$(quote "$step_now") apply_digest=$apply_digest apply_stage=$(quote "$step_stage")"
        echo "step_root=$(quote "$step_root") step_stage=\$apply_stage step_layer=$step_layer overlay_room=$(quote "$overlay_room")"
        echo "rewind=$(quote "$rewind") apply_place=$apply_place"
    } >"$state/apply.new" || fail "$state/apply.new cannot be written"
    mv "$state/apply.new" "$state/apply" || fail "$state/apply cannot be written"
}

# apply_recover: a run was killed while it put a step in place.
apply_recover() {
    [ -e "$state/apply" ] || return 0
    apply_number=''
    eval "$(cat "$state/apply")"
    say "going on with what step $apply_number has changed"
    step_now=$apply_number step_title='what an earlier run has done'
    apply
    unset step_root
    step_now='' overlay_room=''
}

# apply: moves it over, records it, and notes the step as done. What of it is done already is not there to be moved again.
apply() {
    ! step_is_on_machine || layer_placed
    ! step_is_on_machine || each_layer record_put
    each_layer apply_layer
    ! step_is_on_machine || each_layer labels_layer
    apply_is_done
    ! step_is_on_machine || rewind_forget
    host_changed=$((${host_changed-0} + 1))
    rm -f "$state/apply"
    rm -rf "$overlay_room/$step_layer"[0-9]*
}

# apply_is_done: notes the step as done, once all of it is on the disk; what was taken back is not done any more.
apply_is_done() {
    sync
    apply_file=$service_place/done
    [ -z "$step_stage" ] || apply_file=$state/stages/$step_stage/done
    {
        apply_done_before | digest=$apply_digest LC_ALL=C awk '$2 != ENVIRON["digest"]'
        [ "$step_now" = 0 ] || echo "$step_now $apply_digest $(date +%s)"
    } >"$apply_file.new" || fail "$apply_file.new cannot be written"
    mv "$apply_file.new" "$apply_file" || fail "$apply_file cannot be written"
}

apply_done_before() {
    if [ -z "$step_stage" ]; then rewind_done; elif [ -f "$apply_file" ]; then cat "$apply_file"; fi
}

# labels_layer LOWER UPPER LISTS
labels_layer() {
    cat "$3.new" "$3.added" "$3.changed" | labels_set "$1"
}

# apply_layer LOWER UPPER LISTS
apply_layer() {
    each_of "$1/" "$3.deleted" rm -rf
    source_kind=stage
    in_root "$1" transfer "$2" "$3.all" "$1/" replace '' ''
    apply_changed "$@"
    [ -s "$3.added" ] || return 0
    apply_added "$@"
    # what was changed and what was added are put in place apart, though they may be one file
    each_of "$2" "$3.changed" sh -c "$(program_rejoin)" sh "$1/" || fail 'what the step linked cannot be put in place'
}

# apply_added LOWER UPPER LISTS
apply_added() {
    if [ "$(stat -c %d "$2")" = "$(stat -c %d "$1/")" ] && apply_can_link; then
        each_of "$2" "$3.added" "$(tool cp)" -dlf --parents -t "$1/" || fail 'what the step made cannot be put in place'
    else
        in_root "$1" transfer "$2" "$3.added" "$1/" replace '' ''
    fi
}

# apply_can_link: a shell of busybox has a cp of its own, which cannot.
apply_can_link() {
    case $("$(tool cp)" --help 2>&1) in *--parents*) ;; *) return 1 ;; esac
}

# apply_changed LOWER UPPER LISTS: each at once, by a rename. The copy on the way has not the attributes of overlays.
apply_changed() {
    [ -s "$3.changed" ] || return 0
    if [ ! -e "${2%/upper}/copied" ]; then
        rm -rf "${2%/upper}/new"
        mkdir "${2%/upper}/new"
        keep_parents "$1" "$3.changed"
        in_root "${2%/upper}/new" transfer "$2" "$3.changed.whole" "${2%/upper}/new" replace '' ''
        : >"${2%/upper}/copied"
    fi
    each_of "${2%/upper}/new" "$3.changed" sh -c "$(program_replace)" sh "$1/" || fail 'what the step changed cannot be put in place'
}
