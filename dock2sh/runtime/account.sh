# USER as the command of a RUN sees it: numbers, groups and home directory, looked up in the root's own files only.

# account SPEC: sets account_uid, account_gid, account_groups (a list with commas, never empty) and account_home for `u`, `uid`,
# `u:g` or '' (root); account_known is SPEC then. Rules of BuildKit's executor/oci/user.go and of runc, which looks HOME up by number.
account() {
    account_name=${1%%:*} account_group='' account_known=''
    case $1 in *:*) account_group=${1#*:} ;; esac
    account_name=${account_name:-0}
    account_number=''
    ! plain_number "$account_name" || account_number=$plain account_name=
    account_find
    account_uid=${account_uid:-$account_number}
    [ -n "$account_uid" ] || fail "unable to find user $account_name: no matching entries in passwd file"
    account_in_range "$account_uid"
    [ -z "$account_group" ] || account_only_group "$account_group"
    account_in_range "$account_gid"
    account_known=$1
    : "$account_known"
}

# account_find: one look through the root's files for a name or a number (never a name of digits). An unknown number has group 0.
# Docker always counts the group itself among the supplementary ones (`Groups: 33` in /proc/self/status).
account_find() {
    resolve /etc/passwd && account_passwd=$root$resolved
    resolve /etc/group && account_file=$root$resolved
    [ -f "$account_passwd" ] || account_passwd=/dev/null
    [ -f "$account_file" ] || account_file=/dev/null
    account_uid='' account_home=/
    eval "$(name=$account_name number=$account_number LC_ALL=C awk -F: "$(program_entry; program_account)" \
        "$account_passwd" group=1 "$account_file")"
}

# u:g: that group, and no other.
account_only_group() {
    if plain_number "$1"; then
        account_gid=$plain
    else
        account_gid=$(account_row group 1 "$1" 3)
        [ -n "$account_gid" ] || fail "unable to find group $1: no matching entries in group file"
    fi
    account_groups=$account_gid
}

# account_row FILE FIELD VALUE WANTED: the WANTED field of the first line of /etc/FILE whose FIELD is VALUE.
account_row() {
    resolve "/etc/$1"
    [ -f "$root$resolved" ] || return 0
    field=$2 value=$3 wanted=$4 LC_ALL=C awk -F: "$(program_entry; program_row)" "$root$resolved"
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
