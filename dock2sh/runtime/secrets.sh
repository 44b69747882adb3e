# RUN --mount=type=secret: found by the --secret options, there for a step, in no layer and in no word of a command.

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
