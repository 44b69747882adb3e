# Reads /etc/passwd, then (with group=1) /etc/group, for the user `name`, or `number` where that is empty. Prints shell
# assignments: account_uid and account_user (empty: there is no such user), account_gid, account_groups, account_home, which goes by
# the number: an empty one stays so. entry.awk comes before this.
function quoted(text) {
    gsub(/\047/, "\047\\\047\047", text)
    return "\047" text "\047"
}
function is_member(    count, i, members) {
    count = split($4, members, ",")
    for (i = 1; i <= count; i++) if (members[i] == user) return 1
    return 0
}
{ id = number($3) }
group && !chosen {
    chosen = 1
    if (!named) { uid = counted_id; gid = counted_gid; user = counted_user }
}
# in /etc/group a line that begins with # is none, in /etc/passwd it is one
group && /^#/ { next }
group {
    if (user != "" && id != gid "" && is_member()) list = list "," id
    next
}
$1 "" == ENVIRON["name"] "" && $1 != "" && !named { named = 1; uid = id; gid = number($4); user = $1 "" }
id "" == ENVIRON["number"] "" && !counted { counted = 1; counted_id = id; counted_gid = number($4); counted_user = $1 "" }
!(id in home) { home[id] = $6 }
END {
    if (!named && !chosen) { uid = counted_id; gid = counted_gid; user = counted_user }
    if (gid == "") gid = 0
    print "account_uid=" quoted(uid) " account_gid=" quoted(gid) " account_groups=" quoted(gid list)
    print "account_user=" quoted(user)
    print "account_home=" quoted(uid in home ? home[uid] : "/")
}
