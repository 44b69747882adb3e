# USER as the command of a RUN sees it: numbers, groups and home directory, looked up in the root's own files only.

# account SPEC: sets account_uid, account_gid, account_groups (a list with commas, never empty) and account_home for `u`, `uid`,
# `u:g` or '' (no USER: root); account_known is SPEC then. Rules of BuildKit's executor/oci/user.go and of runc, which looks HOME
# up by number.
account() {
    account_known=''
    if account_is_numbers "$1"; then account_numbers "$1"; else account_names "$1"; fi
    account_known=$1
    : "$account_known"
}

# account_is_numbers SPEC: number:number, where `root` is one? Then nothing but HOME is looked up: `root:root` is 0:0 whatever stands
# in the files, and without them.
account_is_numbers() {
    case $1 in *:*) account_id "${1%%:*}" && account_id "${1#*:}" ;; *) return 1 ;; esac
}

# account_id WORD: sets `account_id` to a number of 32 bits, or fails.
account_id() {
    account_id=0
    [ "$1" != root ] || return 0
    case $1 in [-+]*) return 1 ;; esac
    plain_number "$1" && [ "$plain" -le 4294967295 ] && account_id=$plain
}

account_numbers() {
    account_id "${1%%:*}"
    account_name='' account_number=$account_id
    account_find
    account_uid=$account_number
    account_id "${1#*:}"
    account_gid=$account_id account_groups=$account_id
}

# account_names SPEC [start]: for a container that starts docker does not mind files that are missing.
account_names() {
    account_name=${1%%:*} account_group='' account_number=''
    case $1 in *:*) account_group=${1#*:} ;; esac
    account_name=${account_name:-0}
    account_asked=$account_name
    ! plain_number "$account_name" || account_number=$plain account_name=
    account_find
    [ -z "$1" ] || [ "${2-}" = start ] || account_files
    account_uid=${account_uid:-$account_number}
    [ -n "$account_uid" ] || fail "unable to find user $account_name: no matching entries in passwd file"
    account_in_range "$account_uid"
    [ -z "$account_group" ] || account_only_group "$account_group"
    account_in_range "$account_gid"
}

# account_files: the USER of a RUN needs /etc/passwd, and /etc/group if it is found there or has a group.
account_files() {
    account_readable "$account_passwd" "unable to find user $account_asked"
    [ -z "$account_uid$account_group" ] ||
        account_readable "$account_groups_file" "unable to find groups for spec $account_user"
}

# account_readable FILE TROUBLE: fails in Go's words.
account_readable() {
    [ ! -d "$1" ] || fail "$2: read ${1#"$root"}: is a directory"
    [ -f "$1" ] || fail "$2: invalid argument (there is no ${1#"$root"})"
}

# account_find: one look through the root's files for a name or a number (never a name of digits). An unknown number has group 0.
# Docker always counts the group itself among the supplementary ones (`Groups: 33` in /proc/self/status).
account_find() {
    resolve /etc/passwd && account_passwd=$root$resolved
    resolve /etc/group && account_groups_file=$root$resolved
    account_uid='' account_home=/ account_user=''
    eval "$(name=$account_name number=$account_number LC_ALL=C awk -F: "$(program_entry; program_account)" \
        "$(account_lines "$account_passwd")" group=1 "$(account_lines "$account_groups_file")")"
}

# account_lines FILE: prints its name if it can have lines.
account_lines() {
    if [ -f "$1" ]; then printf '%s\n' "$1"; else echo /dev/null; fi
}

# u:g: that group, and no other.
account_only_group() {
    if plain_number "$1"; then
        account_gid=$plain
    else
        account_gid=$(account_row group 1 "$1" 3) || exit
        [ -n "$account_gid" ] || fail "unable to find group $1: no matching entries in group file"
    fi
    account_groups=$account_gid
}

# account_row FILE FIELD VALUE WANTED: the WANTED field of the first line of /etc/FILE whose FIELD is VALUE.
account_row() {
    resolve "/etc/$1"
    [ ! -d "$root$resolved" ] || fail "read /etc/$1: is a directory"
    [ -f "$root$resolved" ] || return 0
    table=$1 field=$2 value=$3 wanted=$4 LC_ALL=C awk -F: "$(program_entry; program_row)" "$root$resolved"
}

# account_in_range NUMBER: docker runs nothing as another.
account_in_range() {
    case $1 in
    -* | ???????????*) ;;
    *) [ "$1" -gt 2147483647 ] || return 0 ;;
    esac
    fail 'uids and gids must be in range 0-2147483647'
}

# plain_number TEXT: sets `plain` to a number without its plus sign and leading zeros, or fails: docker takes anything else, and what
# does not fit into 64 bits, for a name.
plain_number() {
    plain=${1#[-+]}
    case $plain in *[!0-9]* | '') return 1 ;; esac
    plain=${plain#"${plain%%[!0]*}"}
    plain=${plain:-0}
    case $plain in ???????????????????*) return 1 ;; esac
    case $1 in -*) [ "$plain" = 0 ] || plain=-$plain ;; esac
}
