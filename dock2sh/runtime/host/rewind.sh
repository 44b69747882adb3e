# A step that is done again, or is none any more, is taken back first: a second `useradd` fails, a second `echo >>` adds a line. Each
# step that was put in place in the machine's own files is a layer, $service_place/layers/0001, 0002, ...: `step` has its number and
# digest, `lines` what it did (as in `changes`, but to what the steps before it had left), `before` what it overwrote of theirs, `kept`
# the names in there, `accounts` and `packages` those that it made.
#
# It is taken back on the overlay of the first step that is done anew: if that fails, all is as it was.

# rewind_find: sets `rewind`, the layers that are to be taken back, oldest first: from the first one that is no step as it is now.
rewind_find() {
    rewind='' rewind_place=$service_place
    [ "$way" = merge ] && [ -d "$service_place/layers" ] || return 0
    rewind_steps=$(printf '%s\n' "$steps" | from=$host_from awk '
        BEGIN { from = ENVIRON["from"] + 0 }
        $2 == "-" && (!from || $1 + 0 < from) { print $3 }')
    for rewind_next in "$service_place"/layers/[0-9]*; do
        if [ -n "$host_only" ]; then
            rewind='' # what was done after it would go with it
            [ "$(rewind_digest "$rewind_next")" != "$(step_digest "$host_only")" ] || rewind=$rewind_next
        elif [ -n "$rewind" ] || ! rewind_is_step "$(rewind_digest "$rewind_next")"; then
            rewind="$rewind $rewind_next"
        fi
    done
}

rewind_digest() {
    sed 's/.* //' "$1/step" 2>/dev/null
}

rewind_is_step() {
    printf '%s\n' "$rewind_steps" | grep -q -x -e "$1"
}

# rewind_done: prints what was done to the target, but for what is to be taken back.
rewind_done() {
    [ -f "$service_place/done" ] || return 0
    for rewind_next in "$service_place"/layers/[0-9]*; do
        [ -d "$rewind_next" ] || continue
        rewind_state=kept
        case " $rewind " in *" $rewind_next "*) rewind_state=gone ;; esac
        echo "$rewind_state $(rewind_digest "$rewind_next")"
    done | { cat && sed 's/^/done /' "$service_place/done"; } | LC_ALL=C awk '
        $1 == "kept" { kept[$2] = 1; next }
        $1 == "gone" { gone[$2] = 1; next }
        !($3 in gone) || $3 in kept { sub(/^done /, ""); print }'
}

# rewind_now: takes them back in the root, which is an overlay.
rewind_now() {
    rm -rf "$state/rewind"
    [ -n "$rewind" ] || return 0
    say "what the steps from $(rewind_first) on had done is taken back first"
    rewind_plan
    rewind_delete
    cut -f 2 "$state/rewind/lines" | LC_ALL=C sort -u >"$state/rewind/places"
    while IFS= read -r rewind_from <&8; do
        rewind_restore "$rewind_from"
    done 8<"$state/rewind/places"
    rewind_accounts
    rewind_told
}

# The number of the oldest of them.
rewind_first() {
    for rewind_next in $rewind; do
        sed 's/ .*//' "$rewind_next/step" && return
    done
}

# rewind_plan: $state/rewind/lines: for each path what is to be taken back (A, M, D), where it is kept, and the path. Not what somebody
# else has changed since; and where packages were, not the layers that brought packages.
rewind_plan() {
    mkdir "$state/rewind"
    for rewind_next in $rewind; do
        if [ -s "$rewind_next/packages" ] && since_database "$state/since/changed"; then
            printf 'stay\t%s\n' "$rewind_next"
        else
            printf 'go\t%s\n' "$rewind_next"
        fi
    done >"$state/rewind/layers"
    for rewind_next in $rewind; do cut -c 3- "$rewind_next/lines"; done >"$state/rewind/paths"
    since_apart "$root" "$rewind_place" "$state/rewind/paths" >"$state/rewind/apart"
    changed=$state/since/changed apart=$state/rewind/apart backup=$rewind_place/backup stays=$state/rewind/stays LC_ALL=C awk "$(program_rewind)" \
        "$state/rewind/layers" | LC_ALL=C sort >"$state/rewind/lines"
    : >>"$state/rewind/stays"
}

# rewind_delete: what was added, files first; a directory in which something else is stays.
rewind_delete() {
    rewind_list '^A' | grep -v '/$' | rewind_names >"$state/rewind/files"
    each_of "$root/" "$state/rewind/files" rm -f
    rewind_list '^A' | grep '/$' | sed 's|/$||' | LC_ALL=C sort -r | rewind_names >"$state/rewind/directories"
    each_of "$root/" "$state/rewind/directories" sh -c "$(program_vacate)" sh >"$state/rewind/left"
}

# rewind_restore PLACE: what was changed or deleted, and is kept there.
rewind_restore() {
    [ -d "$1" ] || return 0
    rewind_list '^[MD]' "$1" | sed 's|/$||' | rewind_names >"$state/rewind/back"
    each_of "$1" "$state/rewind/back" sh -c "$(program_here)" sh >"$state/rewind/here"
    [ -s "$state/rewind/here" ] || return 0
    source_kind=stage
    in_root "$root" transfer "$1" "$state/rewind/here" "$root/" replace '' ''
}

# rewind_list PATTERN [PLACE]: the paths of such lines, as ./path.
rewind_list() {
    LC_ALL=C grep -e "$1" "$state/rewind/lines" | place=${2-} LC_ALL=C awk '
        { path = substr($0, 3); at = index(path, "\t") }
        ENVIRON["place"] == "" || ENVIRON["place"] == substr(path, 1, at - 1) { print "." substr(path, at + 1) }'
}

rewind_names() {
    tr '\001\n' '\n\0'
}

# rewind_accounts: where somebody else has changed the files of accounts, those of the steps go alone.
rewind_accounts() {
    sed -n 's/^go\t//p' "$state/rewind/layers" | while IFS= read -r rewind_next; do
        cat "$rewind_next/accounts"
    done >"$state/rewind/accounts"
    [ -s "$state/rewind/accounts" ] || return 0
    for rewind_file in passwd shadow subuid subgid group gshadow; do
        [ -f "$root/etc/$rewind_file" ] || continue
        ! rewind_list '^[MD]' | grep -q -x "./etc/$rewind_file" || continue
        accounts=$state/rewind/accounts kind=$rewind_file LC_ALL=C awk "$(program_leave)" "$root/etc/$rewind_file" >"$state/rewind/file"
        cmp -s "$state/rewind/file" "$root/etc/$rewind_file" || {
            cat "$state/rewind/file" >"$root/etc/$rewind_file"
            mv "$state/rewind/file" "$state/rewind/left-$rewind_file"
        }
    done
}

rewind_told() {
    rewind_stays=$(cat "$state/rewind/stays" "$state/rewind/apart" | grep -v -e '^/etc/\(passwd\|shadow\|group\|gshadow\|subuid\|subgid\)-\{0,1\}$' | LC_ALL=C sort -u | head -n 10)
    [ -z "$rewind_stays" ] || warn "not taken back, since somebody else has changed it since: $(printf '%s\n' "$rewind_stays" | tr '\n' ' ')"
    ! grep -q '^stay' "$state/rewind/layers" || warn "packages were installed or removed here since: steps that brought packages are done on top of what they had done"
}

# rewind_seen LINES: lines as `changes` has them of this step, as they are when what was taken back is thought away.
rewind_seen() {
    if [ -z "$rewind" ]; then cat "$1" && return; fi
    rewind_absent "$step_root"
    lines=$state/rewind/lines absent=$state/rewind/absent LC_ALL=C awk "$(program_seen)" "$1"
}

# rewind_absent ROOT: $state/rewind/absent, those of the paths that are not there now.
rewind_absent() {
    rewind_list . | sed 's|/$||' | rewind_names >"$state/rewind/all"
    each_of "$1/" "$state/rewind/all" sh -c "$(program_absent)" sh | tr '\n\0' '\001\n' >"$state/rewind/absent"
}

# rewind_alone: nothing of the target is to be done, but something is to be taken back.
rewind_alone() {
    [ -n "$rewind" ] && [ -z "$host_only" ] || return 0
    step_close
    stage_now='' root=$target_root step_now=0 step_title='what is no step any more'
    overlay_room_found
    step_open
    step_close
}

# rewind_forget: the layers are gone; of their lines in `changes` those stay that are still true.
rewind_forget() {
    [ -n "$rewind" ] && [ -d "$state/rewind" ] || return 0
    rewind_absent ''
    for rewind_next in "$service_place"/layers/[0-9]*; do
        case " $rewind " in *" $rewind_next "*) ;; *) cat "$rewind_next/lines" ;; esac
    done >"$state/rewind/true"
    lines=$state/rewind/lines absent=$state/rewind/absent kept=$state/rewind/true LC_ALL=C awk "$(program_forget)" \
        "$service_place/changes" >"$service_place/changes.new"
    mv "$service_place/changes.new" "$service_place/changes"
    for rewind_next in $rewind; do rm -rf "$rewind_next"; done
    rm -rf "$state/rewind"
    rewind=''
}
