# RUN --mount, and the mount points that every step needs. In `full` mode the step's first process mounts (programs/enter.sh),
# from the words in $state/mounts; in `plain` mode things are put in place (places.sh) and taken back afterwards.

# mounts_place: prepares what this step needs mounted; sets `run_more`: what mounts add to its environment.
mounts_place() {
    mount_agents=0
    eval "mounts_lock ${run_mounts-}"
    eval "mounts_each ${run_mounts-}"
    [ -z "${run_script-}" ] || mount_script
}

# mounts_lock: the caches that one step at a time has are taken before anything is placed, by all steps in one order: two that want
# the same two never wait for one another.
mounts_lock() {
    mount_locks=''
    while [ $# -gt 0 ]; do
        mount_parse "$1"
        shift
        if [ "$mount_type" = cache ] && mount_is_last "$@"; then
            # without mounts it is moved
            [ "$mount_sharing$mode" = sharedfull ] || mount_locks="$mount_locks
$(mount_cache_name)"
        fi
    done
    for mount_lock in $(printf '%s' "$mount_locks" | sort -u); do # digests
        mount_cache=$(mount_caches)/$mount_lock
        mount_cache_place
        mount_cache_lock
    done
}

mounts_each() {
    while [ $# -gt 0 ]; do
        mount_parse "$1"
        shift
        ! mount_is_last "$@" || mount_place
    done
}

mount_place() {
    case $mount_type in
    bind) mount_bind ;;
    cache) mount_cache ;;
    tmpfs) mount_tmpfs ;;
    secret) mount_secret ;;
    ssh) mount_ssh ;;
    esac
}

# mount_parse WORDS: one --mount, in mount_* variables.
mount_parse() {
    eval "mount_words $1"
    case $mount_readonly in
    '') [ "$mount_type" != bind ] || mount_readonly=true ;;
    false | 0) mount_readonly='' ;;
    esac
}

# mount_words TYPE K=V...
mount_words() {
    mount_type=$1 mount_target='' mount_source=/ mount_from='' mount_id='' mount_mode='' mount_uid=0 mount_gid=0
    mount_required='' mount_env='' mount_size='' mount_readonly='' mount_sharing=shared mount_owned=''
    shift
    for mount_pair in "$@"; do
        mount_key "${mount_pair%%=*}" "${mount_pair#*=}"
    done
}

mount_key() {
    case $1 in
    target) mount_target=$2 ;;
    source) mount_source=$2 ;;
    from) mount_from=$2 ;;
    id) mount_id=$2 ;;
    sharing) mount_sharing=$2 ;;
    mode) mount_mode=$2 mount_owned="$mount_owned mode=$2" ;;
    uid) mount_uid=$2 mount_owned="$mount_owned uid=$2" ;;
    gid) mount_gid=$2 mount_owned="$mount_owned gid=$2" ;;
    required) [ "$2" = false ] || mount_required=yes ;;
    env) mount_env=$2 ;;
    size) mount_size=$2 ;;
    readonly) mount_readonly=$2 ;;
    *) fail "with: $1 is no option of a mount" ;;
    esac
}

# mount_is_last LATER...: of several mounts on one target the last one counts.
mount_is_last() {
    (
        mount_mine=$mount_target
        [ -n "$mount_mine" ] || return 0
        for mount_later in "$@"; do
            mount_parse "$mount_later"
            [ "$mount_target" != "$mount_mine" ] || exit 1
        done
    )
}

# mount_word WORD...: something for the step's first process to do.
mount_word() {
    { quote "$@" && echo; } >>"$state/mounts" || list_lost
}

# mount_options: those of a bind mount.
mount_options() {
    [ -z "$mount_readonly" ] || echo ro
}

# A directory or file of the context, of a stage, of an image. What a step writes into it is lost: `rw` gets a copy.
mount_bind() {
    mount_find
    if [ -d "$mount_found" ]; then place_point "$mount_target" directory; else place_point "$mount_target" file; fi
    if [ "$mode" = plain ]; then
        swap_copy "$mount_found" "$place"
    else
        [ -n "$mount_readonly" ] || [ "$mount_found" != "${mount_found#"$state/bound/"}" ] || mount_copied
        mount_word place_bind "$mount_found" "$place" "$(mount_options)"
    fi
}

# mount_find: sets `mount_found`, a path of the machine. A context is what docker would have sent of it: a copy, without what
# its ignore file names, owned by root.
mount_find() {
    source_of "$mount_from"
    if [ "$source_kind" = context ]; then
        mount_context
        return
    fi
    resolve_in "$source_root" "$mount_source" || fail "$mount_source: too many links"
    mount_found=$source_root$resolved
    [ -e "$mount_found" ] || fail "\"$mount_source\": not found in $mount_from"
}

mount_context() {
    mount_new
    source_path "${mount_source#/}"
    mount_transferred
    if [ -d "$source_root$found" ]; then
        in_root "$mount_copy" mount_copy_in "${mount_source#/}" /
        chmod "$(stat -c %a "$source_root$found")" "$mount_copy"
        mount_found=$mount_copy
    else
        in_root "$mount_copy" mount_copy_in "${mount_source#/}" /content
        mount_found=$mount_copy/content
    fi
}

# A source is a name, but what docker transfers is what it means as a wildcard: of `d[x]` the directory dx.
mount_transferred() {
    is_wild "$mount_source" || return 0
    quote_all "${mount_source#/}" /
    copy_sources=$quoted_all
    is_transferred "${mount_source#/}" || fail "\"$mount_source\": not found"
}

# A COPY without its wildcards.
mount_copy_in() {
    copy_from=$mount_from copy_parents='' copy_dest=$2
    placement_none
    source_of "$mount_from"
    placement_begin
    copy_path "$1" "$2"
    placement_end
}

# mount_copied: a copy that the step may write to.
mount_copied() {
    mount_new
    if [ -d "$mount_found" ]; then
        copy_root "$mount_found" "$mount_copy"
        mount_found=$mount_copy
    else
        cp -p "$mount_found" "$mount_copy/content"
        mount_found=$mount_copy/content
    fi
}

# mount_new: sets `mount_copy`, an empty directory for this step.
mount_new() {
    mount_number=$((${mount_number-0} + 1))
    mount_copy=$state/bound/$mount_number
    rm -rf "$mount_copy"
    mkdir -p "$mount_copy"
    undo_later remove "$mount_copy"
}

mount_tmpfs() {
    # runc gives it the mode of the directory that it covers
    resolve "$mount_target"
    mount_mode=1777
    [ ! -d "$root$resolved" ] || mount_mode=$(stat -c %a "$root$resolved")
    place_point "$mount_target" directory
    if [ "$mode" = plain ]; then
        swap_directory "$place" "$mount_mode"
    else
        mount_word place_tmpfs "$place" "$mount_mode" "$mount_size"
    fi
}

# The variable is set also when no agent is there, as with docker.
mount_ssh() {
    [ -n "$mount_target" ] || mount_target=/run/buildkit/ssh_agent.$mount_agents
    [ "$mount_agents" -gt 0 ] || run_more="$run_more $(quote "SSH_AUTH_SOCK=$mount_target")"
    mount_agents=$((mount_agents + 1))
    ssh_socket=$(ssh_of "${mount_id:-default}")
    if [ -z "$ssh_socket" ]; then
        [ -z "$mount_required" ] || fail "no SSH key \"${mount_id:-default}\" forwarded from the client (--ssh default)"
        return 0
    fi
    place_point "$mount_target" file
    if [ "$mode" = plain ]; then
        swap_link "$ssh_socket" "$place"
    else
        mount_word place_bind "$ssh_socket" "$place" ''
    fi
}

# ssh_of ID: prints the socket that an --ssh option gives it.
ssh_of() {
    (
        ssh_wanted=$1
        eval "set -- $agents"
        for ssh_option in "$@"; do
            case $ssh_option in
            "$ssh_wanted") printf '%s\n' "${SSH_AUTH_SOCK-}" ;;
            "$ssh_wanted"=*) printf '%s\n' "${ssh_option#*=}" ;;
            esac
        done | tail -n 1
    )
}

# The text of a here-document that is a script of its own.
mount_script() {
    chmod 0755 "$state/script"
    if [ "$mode" = plain ]; then
        place_point "$run_script" file
        swap_copy "$state/script" "$place"
    else
        mount_word place_bind "$state/script" "$run_script" ro
    fi
}
