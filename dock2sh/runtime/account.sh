# USER as the command of a RUN sees it: numbers, groups and home directory, looked up in the root's own files only.

# account SPEC: sets account_uid, account_gid, account_groups (a list with commas, never empty) and account_home for `u`, `uid`,
# `u:g` or '' (root); account_known is SPEC then. Rules of BuildKit's executor/oci/user.go and of runc, which looks HOME up by number.
account() {
    account_name=${1%%:*} account_group='' account_known=''
    case $1 in *:*) account_group=${1#*:} ;; esac
    account_name=${account_name:-0}
    account_find
    [ -n "$account_uid" ] || ! account_is_number "$account_name" || account_uid=$account_name
    [ -n "$account_uid" ] || fail "unable to find user $account_name: no matching entries in passwd file"
    [ -z "$account_group" ] || account_only_group "$account_group"
    account_known=$1
    : "$account_known"
}

# account_find: one look through the root's files. A name, or else a number, which need not be there: an unknown one has group 0.
# Docker always counts the group itself among the supplementary ones (`Groups: 33` in /proc/self/status).
account_find() {
    resolve /etc/passwd && account_passwd=$root$resolved
    resolve /etc/group && account_file=$root$resolved
    [ -f "$account_passwd" ] || account_passwd=/dev/null
    [ -f "$account_file" ] || account_file=/dev/null
    account_number='' account_uid='' account_home=/
    ! account_is_number "$account_name" || account_number=$account_name
    eval "$(name=$account_name number=$account_number LC_ALL=C awk -F: "$(program_account)" "$account_passwd" group=1 "$account_file")"
}

# u:g: that group, and no other.
account_only_group() {
    account_gid=$(account_row group 1 "$1" 3)
    if [ -z "$account_gid" ]; then
        account_is_number "$1" || fail "unable to find group $1: no matching entries in group file"
        account_gid=$1
    fi
    account_groups=$account_gid
}

# account_row FILE FIELD VALUE WANTED: the WANTED field (0: all of it) of the first line of /etc/FILE whose FIELD is VALUE.
account_row() {
    resolve "/etc/$1"
    [ -f "$root$resolved" ] || return 0
    field=$2 value=$3 wanted=$4 LC_ALL=C awk -F: '
        $ENVIRON["field"] "" == ENVIRON["value"] "" && $3 ~ /^[0-9]+$/ { print $ENVIRON["wanted"]; exit }' "$root$resolved"
}

# A number as docker takes one: up to 31 bits.
account_is_number() {
    case $1 in
    *[!0-9]* | '' | ???????????*) return 1 ;;
    esac
    [ "$1" -le 2147483647 ]
}
