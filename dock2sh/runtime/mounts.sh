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

# mount_caches: prints where caches are kept. They outlive a build of a DIR; in / they would be part of the image, so there they
# go with $state.
mount_caches() {
    if [ -n "$target_root" ]; then echo /var/cache/dock2sh; else printf '%s\n' "$state/cache"; fi
}

# A cache is known by its id, by what it begins with (`from`) and by the owner and mode that were asked for, but not if a
# `source` is: that is a place in it (BuildKit makes an owned cache as a directory in what `from` gives: an empty one). The id
# comes first in the name, for a build without a cache to find all that have it.
mount_cache_name() {
    [ "$mount_source" = / ] || mount_owned=''
    printf '%s-' "$(digest "${mount_id:-$mount_target}")"
    digest "$mount_from${mount_from:+ of $id}$mount_owned"
}

mount_cache_place() {
    mkdir -p "${mount_cache%/*}" || missing "a place for the cache: $mount_cache"
}

mount_cache() {
    [ "$mount_source" = / ] || mount_owned=''
    mount_cache=$(mount_caches)/$(mount_cache_name)
    mount_cache_place
    [ -d "$mount_cache" ] || mount_cache_new
    mount_found=$(cd -P "$mount_cache" && pwd -P) || missing "the cache $mount_cache"
    resolve_in "$mount_found" "$mount_source" || fail "$mount_source: too many links"
    mount_found=${mount_found}${resolved%/}
    [ -e "$mount_found" ] || fail "open $mount_source: no such file or directory (in the cache of $mount_target)"
    if [ -d "$mount_found" ]; then place_point "$mount_target" directory; else place_point "$mount_target" file; fi
    if [ "$mode" = plain ]; then
        swap_cache "$mount_found" "$place"
    else
        mount_word place_bind "$mount_found" "$place" "$(mount_options)"
    fi
}

# The cache is made elsewhere and gets its name by a link, which is there or not: of two builds that make it at once one loses,
# and both use what is there then.
mount_cache_new() {
    mount_made=$(mktemp -d "$mount_cache.XXXXXX") || missing "a place for the cache: $mount_cache"
    chmod 0755 "$mount_made"
    if [ -n "$mount_from" ] && [ -z "$mount_owned" ]; then
        mount_root=$(root_of "$mount_from") || exit
        copy_root "${mount_root%/}" "$mount_made"
    elif [ -n "$mount_owned" ]; then
        : "${mount_mode:=0755}"
        chown "$mount_uid:$mount_gid" "$mount_made"
        chmod "$(mount_bits 0755)" "$mount_made" # as a mkdir by dockerd, whose umask this is
    fi
    ln -sn "${mount_made##*/}" "$mount_cache" 2>/dev/null || rm -rf "$mount_made"
}

# mount_bits OF: the mode that was asked for, as far as it has bits of OF; those above 0777 have another place in a mode of Go's.
mount_bits() {
    printf '%04o\n' "$((0$mount_mode & $1))"
}

# locked and private: one step at a time has it.
mount_cache_lock() {
    while ! lock_take "$mount_cache.lock"; do
        say "waiting for a cache that process $(cat "$mount_cache.lock/pid") has"
        sleep 2
    done
    undo_later remove "$mount_cache.lock"
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

# A secret that is not given is no error unless it is required: then there is no file, but its variable is set, and empty.
mount_secret() {
    secret_of "$mount_id"
    if [ -n "$mount_env" ]; then
        mount_text=$(secret_text && echo .)
        run_more="$run_more $(quote "$mount_env=${mount_text%.}")"
    fi
    [ -n "$mount_target" ] && [ -n "$secret_kind" ] || return 0
    : "${mount_mode:=0400}"
    place_point "$mount_target" file
    if [ "$mode" = plain ]; then
        swap_secret "$place" "$(mount_bits 0777)" "$mount_uid:$mount_gid"
    else
        mount_word place_secret "$secret_kind" "$secret_from" "$place" "$(mount_bits 0777)" "$mount_uid:$mount_gid"
    fi
}

# secret_of ID: sets `secret_kind` (file, env, or '') and `secret_from`, from the --secret options; the last one counts.
secret_of() {
    secret_wanted=$1 secret_kind='' secret_from=''
    eval "secret_options $secrets"
    [ -n "$secret_kind" ] || [ -z "$mount_required" ] ||
        fail "secret $secret_wanted: not found (give it with --secret id=$secret_wanted,src=FILE)"
}

secret_options() {
    for secret_given in "$@"; do
        secret_option "$secret_given"
    done
}

# secret_option TEXT: id=ID,src=FILE or id=ID,env=NAME, or id=ID alone: the variable of that name, else the file.
secret_option() {
    case ,$1, in *,id="$secret_wanted",*) ;; *) return 0 ;; esac
    case ,$1 in
    *,env=*) secret_from=${1#*env=} secret_from=${secret_from%%,*} secret_kind=env ;;
    *,src=* | *,source=*) secret_from=${1#*src=} secret_kind=file
        secret_from=${secret_from#*source=} secret_from=${secret_from%%,*} ;;
    *) secret_from=$secret_wanted secret_kind=file
        ! secret_is_variable "$secret_wanted" || secret_kind='env' ;;
    esac
    case ,$1, in *,type=env,*) secret_kind='env' ;; esac
    case $secret_kind$secret_from in
    env* | file/*) ;;
    *) secret_from=$(pwd -P)/$secret_from ;;
    esac
    [ "$secret_kind" = env ] || [ -r "$secret_from" ] || fail "the secret $secret_wanted: the file $secret_from cannot be read"
    case $secret_kind-$secret_from in
    env-[0-9]* | env-*[!A-Za-z0-9_]* | env-) fail "the secret $secret_wanted: $secret_from is no name of a variable" ;;
    env-*[!a-z0-9_]*) ;;
    env-*) secret_of_caller ;;
    esac
}

# secret_is_variable NAME: is it one, and set?
secret_is_variable() {
    case $1 in '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;; esac
    caller_has "$1"
}

# secret_of_caller: a variable of ours may have the name by now (`--secret id=user`): what the caller had in it gets another one.
secret_of_caller() {
    caller_has "$secret_from" || caller_value=''
    secret_from=secret_from_$secret_from
    eval "export $secret_from=\$caller_value"
}

secret_text() {
    case $secret_kind in
    file) cat "$secret_from" ;;
    env) eval "printf %s \"\${$secret_from-}\"" ;;
    esac
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
