# The state words: what the RUNs that follow see. They are executed always, also when steps are skipped.

# The environment is an ordered list of K=V, held as words quoted for `eval`: any byte may be in a value, and a name that is
# no shell identifier (a.b) is as good as another.
state_reset() {
    eval "unset ${base_names-} base_names"
    environment='' proxies='' user='' cwd=/ cwd_text=/ run_shell='/bin/sh -c'
    default_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    : "$environment$proxies$user$cwd$cwd_text$run_shell$default_path"
}

# env K=V...: each name stands where it was assigned last, as in BuildKit (llb's EnvList deletes and appends).
env() {
    env_add "$@"
}

# arg K=V...: the same for the RUNs. The image does not have it, so `start` does not see it.
arg() {
    [ "$action" = start ] || env_add "$@"
}

# proxy K=V...: for the RUNs, whatever env and arg say of these names.
proxy() {
    proxies=$(quote "$@")
}

env_add() {
    for env_new in "$@"; do
        env_set "$env_new"
    done
}

# env_set K=V
env_set() {
    env_list='' env_setting=$1
    eval "env_without $environment"
    quote_word "$env_setting"
    environment="$env_list $quoted"
}

# env_unset NAME
env_unset() {
    env_list='' env_setting=$1
    eval "env_without $environment"
    environment=$env_list
}

# env_without K=V...: sets `env_list` to all of them but those of the name that is set.
env_without() {
    for env_word in "$@"; do
        [ "${env_word%%=*}" != "${env_setting%%=*}" ] || continue
        quote_word "$env_word"
        env_list="$env_list $quoted"
    done
}

# env_has NAME: is it set?
env_has() {
    env_value "$1" && [ -n "$env_found" ]
}

# env_has_text NAME: is it set to anything? (runc takes an empty HOME for none.)
env_has_text() {
    env_value "$1" && [ -n "${env_found#"$1="}" ]
}

# env_value NAME: sets `env_found` to its NAME=VALUE, or nothing.
env_value() {
    eval "env_look $1 $environment"
}

env_look() {
    env_name=$1 env_found=''
    shift
    for env_word in "$@"; do
        [ "${env_word%%=*}" != "$env_name" ] || env_found=$env_word
    done
}


# user SPEC: for the RUNs and WORKDIRs that follow. Not looked up before something needs it, as in docker.
user() {
    user=$1
}

# shell WORD...: for shell-form RUNs.
shell() {
    run_shell=$(quote "$@")
}

# directory DIR: the current directory; nothing is created.
directory() {
    cwd=$1 cwd_text=$1
}

# base_env K=V...: the environment of the base image, known when the script was made.
# Each variable is also there as ${BASE_NAME-} for the words that follow, until the next stage.
base_env() {
    env_add "$@"
    for base_word in "$@"; do
        case ${base_word%%=*} in
        '' | *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_]*) ;;
        *) base_names="${base_names-} BASE_${base_word%%=*}"
            eval "BASE_${base_word%%=*}=\${base_word#*=}" ;;
        esac
    done
}

# find_base_env: it was not known; it is found now (base.sh). PATH is there always: BuildKit adds docker's default one.
find_base_env() {
    eval "base_env $(base_env_found)"
    env_has PATH || base_env "PATH=$default_path"
}

# The environment of the script's caller, as quoted words, without what belongs to the shell or the terminal he sits at.
caller_environment() {
    caller_variables | tr '\0\n' '\n\001' | LC_ALL=C awk '
        /^(HOME|HOSTNAME|TERM|PWD|OLDPWD|SHLVL|_|LINES|COLUMNS|DISPLAY|SSH_[A-Z_]*|SUDO_[A-Z]*|USER|LOGNAME|SHELL|MAIL)=/ { next }
        { gsub(/\047/, "\047\\\047\047"); gsub(/\001/, "\n"); printf " \047%s\047", $0 }'
}

# tool NAME: the path of a program of the machine outside. Shells may have it built in, or a word of the script its name (env).
tool() {
    tool_find "$1" && printf '%s\n' "$tool_found"
}

# tool_find NAME: sets `tool_found` to it, without a process.
tool_find() {
    tool_path=$PATH:
    while [ -n "$tool_path" ]; do
        tool_found=${tool_path%%:*}/$1 tool_path=${tool_path#*:}
        ! { [ -f "$tool_found" ] && [ -x "$tool_found" ]; } || return 0
    done
    tool_found=''
    return 1
}
