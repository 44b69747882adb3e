# Stages and steps: which root is being built, and whether the current step is wanted.

# from IMAGE [NAME]: the target's root, in / or the DIR of --root. NAME when it is stage NAME as yet (and `keep NAME` follows).
from() {
    target_begin "$1" "${2-}"
    ! acting || [ -z "$stage_needed" ] || target_files "$1"
    target_begun=1
}

# target_files IMAGE: what the target begins with, in an empty DIR; else it is what it is.
target_files() {
    target_keep_pristine
    target_is_empty || return 0
    image_fill "$1" "$target_root"
    [ "$1" = scratch ] || target_is_new=1
    : "${target_is_new-}"
}

# stage NAME IMAGE: a stage with a root of its own, which is filled when something needs it.
stage() {
    stage_begin "$1"
    stage_image=$2
    ! acting || printf '%s\n' "image $2" >"$state/stages/$1/recipe"
}

# stage_from NAME PARENT: the same, on the finished root of a stage.
stage_from() {
    stage_begin "$1"
    stage_image=$2
    ! acting || printf '%s\n' "stage $2" >"$state/stages/$1/recipe"
}

# from_stage PARENT [NAME]: the target's root goes on from the finished root of PARENT; NAME as with `from`.
from_stage() {
    target_begin "$1" "${2-}"
    acting && [ -n "$stage_needed" ] || return 0
    if [ -n "${target_begun-}" ]; then
        : # its files are there, be they none (FROM scratch)
    elif target_is_empty; then
        from_copy=$(root_of "$1") || exit
        copy_root "$from_copy" "$target_root"
    elif [ "$from_step" -eq 1 ] && [ -z "$only_step" ]; then
        missing "an empty root: this build begins with the files of stage $1, which are made on the way. Build into an empty \
directory with --root DIR"
    fi
    target_begun=1
}

# target_begin IMAGE NAME
target_begin() {
    state_reset
    stage_now='' stage_image=$1 stage_skipped='' stage_needed=1 root=$target_root
    [ -z "$only_stage" ] || stage_needs "$2" || stage_needed=''
    : "$root$stage_image$stage_now"
}

# base_image IMAGE: what a stage that continues another began with, for find_base_env.
base_image() {
    stage_image=$1
}

# stage_begin NAME
stage_begin() {
    state_reset
    stage_now=$1 stage_skipped='' stage_needed=1
    [ -z "$only_stage" ] || stage_needs "$1" || stage_needed=''
    root=$state/stages/$1/root
    ! acting || mkdir -p "$state/stages/$1"
}

# keep NAME: the target's root as it is now is also stage NAME: a copy is taken, once.
keep() {
    acting && [ -n "$stage_needed" ] && [ ! -d "$state/stages/$1/root" ] || return 0
    keep_files "$1"
}

# moment NAME: for the step that it belongs to the root as it is now is stage NAME, too. One that a failed step has had stays.
moment() {
    wanted && acting && [ ! -d "$state/stages/$1/root" ] || return 0
    keep_files "$1"
}

# keep_files NAME: a copy of the root that is being built becomes that of stage NAME.
keep_files() {
    rm -rf "$state/stages/$1"
    mkdir -p "$state/stages/$1/new"
    copy_root "$root" "$state/stages/$1/new"
    root_arrives "$state/stages/$1"
}

# Really at work: neither --list nor --dry-run.
acting() {
    [ "$action" = build ]
}

# step N TITLE: what follows is step N.
step() {
    step_number=$1 step_title=$2 step_wanted=''
    if [ "$action" = start ]; then
        return
    elif [ "$action" = list ]; then
        [ -z "$stage_needed" ] || printf '%s\n' "[$1/$total] $2"
        return
    fi
    if [ -n "$stage_needed" ] && [ "$1" -ge "$from_step" ] && [ "$1" -le "$last_step" ] && [ "$1" -eq "${only_step:-$1}" ]; then
        step_begin "$1" "$2"
    else
        stage_skipped=1
    fi
    : "$step_number$step_now$step_title$step_wanted$stage_skipped"
}

# step_begin N TITLE: step N is one of those that are to be done.
step_begin() {
    step_wanted=1 step_now=$1
    if [ -z "$door" ]; then say "${colour_step-}[$1/$total]${colour_off-} $2"; else door_ask "step $1"; fi
}

# wanted: is the current step to be done? Then its stage's root is there.
wanted() {
    [ -n "$step_wanted" ] || return 1
    dry || root_ready
}

# root_ready: the root of the stage that is being built is there. What the step before has made of the root directory itself is
# gone: each layer of docker's overlay2 has one of its own, and a mount of a finished stage (from=) shows that of its last step.
root_ready() {
    if [ -z "$stage_now" ]; then
        [ -z "${target_is_new-}" ] || [ -z "$stage_skipped" ] || missing "what the steps before this one make: $target_root was empty. \
Without --from and --only everything is made"
    elif [ ! -d "$root" ]; then
        stage_fill "$stage_now"
    fi
    root_directory "${root:-/}"
}

# stage_fill NAME: the root of a stage, from its recipe. When steps of it were skipped (--from) the recipe is not enough.
stage_fill() {
    [ "$stage_now" != "$1" ] || [ -z "$stage_skipped" ] || missing "the root of stage $1 as it was before this step: \
it is gone with the state of an earlier run. Without --from and --only everything is made again"
    read -r fill_kind fill_from <"$state/stages/$1/recipe" || missing "the stage $1: run without --from"
    rm -rf "$state/stages/$1/new"
    mkdir "$state/stages/$1/new"
    case $fill_kind in
    stage) stage_follow "$fill_from" "$state/stages/$1/new" ;;
    image) image_fill "$fill_from" "$state/stages/$1/new" ;;
    esac
    root_arrives "$state/stages/$1"
}

# stage_follow NAME DIR: the empty DIR gets the files of the finished stage NAME.
stage_follow() {
    fill_parent=$(root_of "$1") || exit
    copy_root "$fill_parent" "$2"
}

# root_arrives DIR: from DIR/new, where it was filled, to DIR/root.
root_arrives() {
    mv "$1/new" "$1/root"
}

# root_of NAME: prints the root of a stage, a named context or an image, for copy --from and mounts. Filled on first use.
root_of() {
    (
        if [ "$1" != "${context_filling-}" ] && stage_is_here "$1"; then
            [ -d "$state/stages/$1/root" ] || stage_fill "$1"
            printf '%s\n' "$state/stages/$1/root"
            return
        fi
        if is_named_context "$1"; then context_directory "$1"; else image_root "$1"; fi
    )
}

stage_is_here() {
    stage_line "$1" >/dev/null || [ -f "$state/stages/$1/recipe" ] || [ -d "$state/stages/$1/root" ]
}

# in_root DIR WORD...: with DIR as the root that is being built.
in_root() {
    in_saved=$root root=$1
    shift
    "$@"
    root=$in_saved
}

# stage_line NAME: the line of `stages` that begins with NAME; the names after it are the stages that it needs. The last line is
# the target's.
stage_line() {
    printf '%s\n' "${stages-}" | name=$1 LC_ALL=C awk '
        BEGIN { missing = 1 }
        $1 == ENVIRON["name"] { print; missing = 0; exit }
        END { exit missing }'
}

stage_names() {
    printf '%s\n' "${stages-}" | awk 'NF { printf "%s%s", gap, $1; gap = ", " } END { print gap ? "" : "(none)" }'
}

# stage_needs NAME: is stage NAME ('' is the target: the last line) the one of --stage, or one that it needs?
stage_needs() {
    printf '%s\n' "${stages-}" | name=$1 goal=$only_stage LC_ALL=C awk '
        NF { line[++count] = $0 }
        END {
            need[ENVIRON["goal"]] = 1
            for (i = count; i > 0; i--) {
                size = split(line[i], part, " ")
                if (part[1] in need) for (k = 2; k <= size; k++) need[part[k]] = 1
            }
            split(line[count], part, " ")
            exit (ENVIRON["name"] == "" ? part[1] : ENVIRON["name"]) in need ? 0 : 1
        }'
}
