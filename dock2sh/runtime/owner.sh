# Owners of copied files: --chown of COPY and ADD, and USER for WORKDIR.

# owner_of SPEC: sets `owner` to uid:gid for the `u`, `u:g` of a --chown, looked up in the root that is being built.
# A number alone is the group too; an empty part is 0, and so is root everywhere; an unknown name is silently 0, and an unknown
# group that of the user.
owner_of() {
    owner_user=${1%%:*}
    if [ -z "$owner_user" ] || [ "$owner_user" = root ]; then
        owner=0:0
    elif owner_is_number "$owner_user"; then
        owner=$owner_user:$owner_user
    else
        owner_files_needed
        owner_uid=$(account_row passwd 1 "$owner_user" 3)
        owner=${owner_uid:-0}:$(account_row passwd 1 "$owner_user" 4)
        [ -n "$owner_uid" ] || owner=0:0
    fi
    case $1 in *:*) owner_group "${1#*:}" ;; esac
}

# The part after the colon.
owner_group() {
    if [ -z "$1" ] || [ "$1" = root ]; then
        owner=${owner%:*}:0
    elif owner_is_number "$1"; then
        owner=${owner%:*}:$1
    else
        owner_files_needed
        owner_gid=$(account_row group 1 "$1" 3)
        owner=${owner%:*}:${owner_gid:-${owner#*:}}
    fi
}

# A number of at most 32 bits; docker takes anything else for a name.
owner_is_number() {
    case $1 in
    *[!0-9]* | '' | ???????????*) return 1 ;;
    esac
    [ "$1" -le 4294967295 ]
}

# A name cannot be looked up where there is nothing yet: BuildKit's words for FROM scratch and for --link.
owner_files_needed() {
    [ -n "$(ls -A "$root/")" ] || fail 'invalid user index: -1 (there is no /etc/passwd to find a name in)'
}
