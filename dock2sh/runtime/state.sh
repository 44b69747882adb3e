# The state words: what the RUNs that follow see. They are executed always, also when steps are skipped.

# The environment is an ordered list of K=V, held as words quoted for `eval`: any byte may be in a value, and a name that is
# no shell identifier (a.b) is as good as another.
state_reset() {
    environment='' run_user='' run_directory=/ run_shell='/bin/sh -c'
    : "$environment$run_user$run_directory$run_shell"
}

# env K=V...: added, or replaced where it stands (docker keeps the first place of a name).
env() {
    for env_new in "$@"; do
        env_set "$env_new"
    done
}

# arg K=V...: the same for the RUNs; that it does not reach the image is a matter of the image's config.
arg() {
    env "$@"
}

# env_set K=V
env_set() {
    env_list='' env_found='' env_setting=$1
    eval "set -- $environment"
    for env_word in "$@"; do
        if [ "${env_word%%=*}" = "${env_setting%%=*}" ]; then
            env_word=$env_setting env_found=1
        fi
        quote_word "$env_word"
        env_list="$env_list $quoted"
    done
    [ -n "$env_found" ] || { quote_word "$env_setting" && env_list="$env_list $quoted"; }
    environment=$env_list
}

# env_has NAME: is it set?
env_has() {
    env_name=$1
    eval "set -- $environment"
    for env_word in "$@"; do
        [ "${env_word%%=*}" != "$env_name" ] || return 0
    done
    return 1
}

# user SPEC: for the RUNs and WORKDIRs that follow. Not looked up before something needs it, as in docker.
user() {
    run_user=$1
}

# shell WORD...: for shell-form RUNs.
shell() {
    run_shell=$(quote "$@")
}

# directory DIR: the current directory; nothing is created.
directory() {
    run_directory=$1
}
