# USER as the command of a RUN sees it: numbers, groups and home directory, looked up in the root's own files only.

# account SPEC: sets account_uid, account_gid, account_groups (a list with commas, never empty) and account_home for `u`, `uid`,
# `u:g` or '' (root). Rules of BuildKit's executor/oci/user.go and of runc, which looks HOME up by number.
account() {
    account_name=${1%%:*} account_group=
    case $1 in *:*) account_group=${1#*:} ;; esac
    account_user "${account_name:-0}" || fail "unable to find user $account_name: no matching entries in passwd file"
    [ -z "$account_group" ] || account_only_group "$account_group"
    account_home=$(account_row passwd 3 "$account_uid" 6)
    account_home=${account_home:-/}
}

# The user alone: a name, or else a number, which need not be in the file: an unknown number has group 0. Docker always counts
# the group itself among the supplementary ones (`Groups: 33` in /proc/self/status).
account_user() {
    account_row=$(account_row passwd 1 "$1" 0)
    if [ -z "$account_row" ]; then
        account_is_number "$1" || return 1
        account_row=$(account_row passwd 3 "$1" 0)
    fi
    account_row=${account_row:-:x:$1:0:}
    account_name=${account_row%%:*} account_row=${account_row#*:*:}
    account_uid=${account_row%%:*} account_row=${account_row#*:}
    account_gid=${account_row%%:*}
    account_groups=$account_gid$(account_memberships "$account_name" "$account_gid")
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

# account_memberships NAME GID: `,gid` for each group that lists the user, in the order of the file.
account_memberships() {
    resolve /etc/group
    [ -n "$1" ] && [ -f "$root$resolved" ] || return 0
    name=$1 own=$2 LC_ALL=C awk -F: '
        { count = split($4, members, ",") }
        $3 ~ /^[0-9]+$/ && $3 != ENVIRON["own"] {
            for (i = 1; i <= count; i++) if (members[i] == ENVIRON["name"]) { printf ",%s", $3; break }
        }' "$root$resolved"
}

# A number as docker takes one: up to 31 bits.
account_is_number() {
    case $1 in
    *[!0-9]* | '' | ???????????*) return 1 ;;
    esac
    [ "$1" -le 2147483647 ]
}
