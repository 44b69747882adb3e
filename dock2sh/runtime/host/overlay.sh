# Overlays. Every step is done on an overlay on its root: what it changes lies apart, is looked at, and is put in place when the step
# has come to its end. A step that fails, or is killed, leaves no trace; a step is always done whole.

# overlay_on LOWER POINT NAME: what is changed at POINT goes to work/NAME/upper. Its own root directory looks like LOWER's.
overlay_on() {
    mkdir -p "$overlay_room/$3/upper" "$overlay_room/$3/work" "$2"
    chmod "$(stat -c %a "$1/")" "$overlay_room/$3/upper" && chown "$(stat -c %u:%g "$1/")" "$overlay_room/$3/upper"
    overlay_mount "$1" "$2" "$overlay_room/$3"
}

# overlay_mount LOWER POINT DIR. In an option's value : , and \ have a meaning.
overlay_mount() {
    overlay_lower=$(printf '%s' "${1:-/}" | sed 's/[\\:,]/\\&/g')
    overlay_said=$("$(tool mount)" -t overlay -o "lowerdir=$overlay_lower,upperdir=$3/upper,workdir=$3/work$(overlay_whole)" overlay "$2" 2>&1) ||
        missing "overlays of the kernel: $overlay_said"
}

# overlay_whole: options for a kernel whose own ways are others (Arch's): what is changed is to be whole in the upper directory, not a note that
# the content is below (metacopy), or that a directory came from elsewhere (redirect_dir).
overlay_whole() {
    for overlay_option in redirect_dir metacopy index; do
        ! [ -e "/sys/module/overlay/parameters/$overlay_option" ] || printf ',%s=off' "$overlay_option"
    done
}

# overlay_room_found: sets `overlay_room`, a directory that may hold what overlays change: of $state, or else in memory (where
# $state lies on an overlay itself: a container).
overlay_room_found() {
    [ -z "${overlay_room-}" ] || return 0
    overlay_room=$state/step
    if overlay_works; then return; fi
    overlay_room=$state/memory
    mkdir -p "$overlay_room"
    mounted_below "$state/memory/x" || "$(tool mount)" -t tmpfs -o mode=0700 tmpfs "$overlay_room" ||
        missing 'the right to mount: run this on a machine, in a VM or in a privileged container'
    overlay_works || missing 'overlays of the kernel (modprobe overlay), and a file system that can hold their changes'
}

overlay_works() {
    rm -rf "$overlay_room/try"
    mkdir -p "$overlay_room/try/upper" "$overlay_room/try/work" "$overlay_room/try/on"
    "$(tool mount)" -t overlay -o "lowerdir=/etc,upperdir=$overlay_room/try/upper,workdir=$overlay_room/try/work" overlay \
        "$overlay_room/try/on" 2>/dev/null || return 1
    umount "$overlay_room/try/on"
    rm -rf "$overlay_room/try"
}

# overlays_off: nothing below the state directory stays mounted; the last one first.
overlays_off() {
    [ -n "${state-}" ] || return 0
    unmount_at "$state"
    [ "$way" != root ] || unmount_at "$target_root"
}

# root_ready: the stage's root is there, and this step's overlay on it. The first step of a stage begins with a new root.
root_ready() {
    [ -z "${step_root+open}" ] || return 0
    overlay_room_found
    if [ -n "$stage_now" ]; then
        ! stage_begins "$step_now" || stage_remove "$stage_now"
        [ -d "$root" ] || stage_fill "$stage_now"
    fi
    step_open
}

# stage_begins N: is it the first step of its stage?
stage_begins() {
    printf '%s\n' "$steps" | number=$1 awk '!seen[$2]++ && $1 == ENVIRON["number"] { found = 1 } END { exit !found }'
}

stage_remove() {
    ! [ -e "$state/stages/$1/on-host" ] || unmount_at "$state/stages/$1/root"
    rm -rf "$state/stages/$1/root" "$state/stages/$1/done" "$state/stages/$1/on-host" "$state/stages/$1/layer"
}

# step_open: from here on $root is the overlay. Of this machine it is one for each of its file systems, with a /tmp of its own.
step_open() {
    step_root=$root step_stage=$stage_now step_layer=${stage_now:+stage-}
    [ -z "$preview" ] || [ -n "$stage_now" ] || [ -z "${overlay_target-}" ] || return 0
    rm -rf "$overlay_room/$step_layer"[0-9]*
    : >"$state/begun"
    if step_is_on_machine; then
        machine_overlays
        rewind_now
        guard_apt
    else
        printf '%s\n' "$root" >"$state/lowers"
        tree_below
        overlay_on "$step_below" "$root" "${step_layer}0"
    fi
    [ -n "$stage_now" ] || overlay_target=yes
    : "${overlay_target-}"
}

# tree_below: sets `step_below`, where a tree is still to be seen as it was when the overlay lies on it.
tree_below() {
    step_below=$state/${step_layer}below
    mkdir -p "$step_below"
    "$(tool mount)" -o bind "$root" "$step_below" || missing "the right to mount on $step_below"
    # what is mounted on the tree must not come through
    "$(tool mount)" --make-private "$step_below" || fail "$step_below cannot be made private"
}

step_is_on_machine() {
    [ "$way" = merge ] && [ -z "$step_stage" ]
}

# mounted_at DIR: is something mounted there?
mounted_at() {
    [ "$(stat -c %d "$1")" != "$(stat -c %d "${1%/*}")" ]
}

# machine_overlays: $state/lowers names the file systems, a line each; / is ''. One that the kernel takes for none (vfat) is as those that are
# elsewhere.
machine_overlays() {
    overlay_number=1
    echo >"$state/lowers"
    overlay_on '' "$root" 0
    machine_file_systems >"$state/systems"
    while IFS= read -r overlay_next <&8; do
        [ -d "$root$overlay_next" ] || continue # it lies in one that is elsewhere
        (overlay_on "$overlay_next" "$root$overlay_next" "$overlay_number") 2>/dev/null || continue
        overlay_number=$((overlay_number + 1))
        printf '%s\n' "$overlay_next" >>"$state/lowers"
    done 8<"$state/systems"
    for overlay_next in /tmp /var/tmp; do
        ! [ -d "$root$overlay_next" ] || machine_private "$overlay_next"
    done
}

# machine_file_systems: prints where this machine's own file systems are mounted besides /. Of what is elsewhere (nfs) see elsewhere.sh.
machine_file_systems() {
    own=$service_place/ LC_ALL=C awk '
        $3 ~ /^(ext[234]|xfs|btrfs|f2fs|zfs|jfs|reiserfs|bcachefs|vfat|tmpfs)$/ && $2 != "/" && $2 !~ /^\/(tmp|var\/tmp|run|var\/run|dev|proc|sys)(\/|$)/ {
            if (index($2, "\\") || index($2, ENVIRON["own"]) == 1) next
            print $2
        }' /proc/self/mounts | while IFS= read -r system_next; do
        # a mounted file (/etc/hosts of a container) is none
        ! [ -d "$system_next" ] || printf '%s\n' "$system_next"
    done | sort -u
}

# machine_private DIR: steps have a /tmp of their own (`rm -rf /tmp/*`), which stays from one step to the next.
machine_private() {
    private_place=$state/private$(printf '%s' "$1" | tr / -)
    [ -d "$private_place" ] || { mkdir "$private_place" && chmod 1777 "$private_place"; }
    "$(tool mount)" -o bind "$private_place" "$root$1" || missing "the right to mount on $1"
}

# overlay_stage DIR: a stage's root (DIR/root) that stands on this machine's own files.
overlay_stage() {
    mkdir -p "$1/layer/upper" "$1/layer/work" "$1/root"
    chmod 0755 "$1/layer/upper"
    overlay_mount '' "$1/root" "$1/layer"
}

# stage_follow NAME DIR: of a stage that stands on this machine only its layer is copied, in overlayfs's own form, attributes and
# all. (The kernel takes no layer that lies inside of another one.)
stage_follow() {
    fill_parent=$(root_of "$1") || exit
    if ! [ -e "$state/stages/$1/on-host" ]; then
        copy_root "$fill_parent" "$2"
        return
    fi
    case $(cp --version 2>/dev/null) in *GNU*) ;; *) missing 'a cp that keeps attributes: install the package coreutils' ;; esac
    mkdir -p "${2%/new}/layer"
    cp -a "$state/stages/$1/layer/upper" "${2%/new}/layer/" || fail "the files of stage $1 cannot be copied"
    : >"${2%/new}/on-host"
}

root_arrives() {
    if [ -e "$1/on-host" ]; then
        rm -rf "$1/new"
        overlay_stage "$1"
    else
        mv "$1/new" "$1/root"
    fi
}

# image_find_and_fill IMAGE DIR: where a base image is: what was named, this script, an engine, this machine itself, Debian's packages.
image_find_and_fill() {
    fill_source=$(base_given "$1")
    if is_named_context "$1"; then
        context_fill "$1" "$2"
    elif [ -n "$fill_source" ]; then
        source_fill "$fill_source" "$2"
    elif fill_place=$(vendored_place "$1"); then
        # shellcheck disable=SC2086 # three words
        vendored_fill "$1" "$2" $fill_place
    elif context_among "$1" "${git_contexts-}"; then
        say "fetching the build context $1"
        git_context "$1" "$2"
    elif context_known "$1"; then
        missing "the named context $1: give it with --build-context $1=SOURCE"
    elif fill_engine=$(engine_with "$1"); then
        engine_fill "$fill_engine" "$1" "$2"
    elif [ "${2##*/}" = new ] && [ "$service_place" != "${2%/*}" ] && image_is_machine "$1"; then
        warn "$1 is not at hand: a stage stands on this machine's own files (--base $(quote "$1")=SOURCE names the image)"
        : >"${2%/new}/on-host"
    else
        bootstrap_fill "$1" "$2" || missing "the base image $1. Name it with --base $(quote "$1")=SOURCE, where SOURCE is a \
directory, a tar of its root file system, the output of \`docker save\`, or docker-image://NAME"
    fi
}

# image_is_machine IMAGE: is it the distribution and release of this machine? `releases` has a line for each image.
image_is_machine() {
    release_id=$(os_release ID) release_version=$(os_release VERSION_ID)
    printf '%s\n' "$releases" | image=$1 id=$release_id version=$release_version awk '
        $1 == ENVIRON["image"] { found = $2 == ENVIRON["id"] && ($3 == ENVIRON["version"] || $3 == "*") }
        END { exit !found }'
}

# os_release NAME: prints a value of this machine's os-release, in a subshell: the file is shell text.
os_release() {
    (
        unset ID VERSION_ID VERSION_CODENAME PRETTY_NAME ID_LIKE
        for os_file in /etc/os-release /usr/lib/os-release; do
            # shellcheck source=/dev/null
            ! [ -r "$os_file" ] || { . "$os_file" && break; }
        done
        eval "printf '%s\n' \"\${$1-}\""
    )
}

# target_files IMAGE: what the target begins with: this machine itself, or the image, once and whole.
target_files() {
    [ "$way" = root ] && [ ! -e "$service_place/filled" ] || return 0
    rm -rf "$service_place/new" "$target_root"
    mkdir "$service_place/new"
    image_fill "$1" "$service_place/new"
    mv "$service_place/new" "$target_root"
    : >"$service_place/filled"
}

# keep NAME: the target as it is now is stage NAME too, if a step that is due needs it.
keep() {
    acting && is_needed "$1" && [ ! -d "$state/stages/$1/root" ] || return 0
    step_close
    keep_files "$1"
}

# moment NAME: always anew, since a step that failed has left no trace.
moment() {
    wanted && acting || return 0
    stage_remove "$1"
    keep_files "$1"
}

# keep_files NAME: what this machine has is not copied, but seen through an overlay.
keep_files() {
    rm -rf "$state/stages/$1"
    mkdir -p "$state/stages/$1/new"
    if [ -n "$stage_now" ]; then
        stage_follow "$stage_now" "$state/stages/$1/new"
    elif [ "$way" = merge ]; then
        : >"$state/stages/$1/on-host"
    else
        copy_root "$root" "$state/stages/$1/new"
    fi
    root_arrives "$state/stages/$1"
}

# is_needed STAGE: does a step that is due need it?
is_needed() {
    printf '%s\n' "$steps" | stage=$1 due=$due awk '
        index(ENVIRON["due"], " " $1 " ") { for (i = 4; i <= NF; i++) if ($i == ENVIRON["stage"]) found = 1 }
        END { exit !found }'
}

# base_env_found: what the caller has set is no base image's.
base_env_found() {
    [ "$stage_image" = scratch ] || warn "the environment of $stage_image was not known when this script was made: the steps get \
PATH alone"
}
