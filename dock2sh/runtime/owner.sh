# Owners of copied files: --chown of COPY and ADD, and USER for WORKDIR.

# owner_of SPEC: sets `owner` to uid:gid for the `u`, `u:g` of a --chown, looked up in the root that is being built.
# A number alone is the group too; an empty part is 0, and so is root everywhere; an unknown name is silently 0, and an unknown
# group that of the user. A number of a file is taken to 32 bits, a negative one is 0.
owner_of() {
    owner_user=${1%%:*}
    if [ -z "$owner_user" ] || [ "$owner_user" = root ]; then
        owner=0:0
    elif owner_number "$owner_user"; then
        owner_bits "$plain"
        owner=$owner_id:$owner_id
    else
        owner_files_needed
        owner_file passwd "$owner_user" 3 0
        owner=$owner_id
        owner_file passwd "$owner_user" 4 0
        owner=$owner:$owner_id
    fi
    case $1 in *:*) owner_group "${1#*:}" ;; esac
}

# owner_number TEXT: a number of 32 bits with a sign; docker takes a greater one for a name.
owner_number() {
    plain_number "$1" && [ "$plain" -le 2147483647 ] && [ "$plain" -ge -2147483648 ]
}

# The part after the colon.
owner_group() {
    if [ -z "$1" ] || [ "$1" = root ]; then
        owner=${owner%:*}:0
    elif owner_number "$1"; then
        owner_bits "$plain"
        owner=${owner%:*}:$owner_id
    else
        owner_files_needed
        owner_file group "$1" 3 "${owner#*:}"
        owner=${owner%:*}:$owner_id
    fi
}

# owner_file FILE NAME FIELD ELSE: sets `owner_id` to a number of /etc/FILE.
owner_file() {
    owner_id=$(account_row "$1" 1 "$2" "$3") || exit
    case ${owner_id:=$4} in -*) owner_id=0 ;; esac
    owner_bits "$owner_id"
}

# owner_bits NUMBER: sets `owner_id` to its last 32 bits. All ones means nobody to a chown, and docker's leaves root.
owner_bits() {
    owner_id=$(($1 & 4294967295))
    [ "$owner_id" != 4294967295 ] || owner_id=0
}

# A name cannot be looked up where there is nothing yet: BuildKit's words for FROM scratch and for --link.
owner_files_needed() {
    [ -n "$(ls -A "$root/")" ] || fail 'invalid user index: -1 (there is no /etc/passwd to find a name in)'
}
