# Reads /etc/passwd, then (with group=1) /etc/group, for the user `name`, or else `number` if that is not empty. Prints shell
# assignments: account_uid (empty: there is no such user), account_gid, account_groups, account_home, which goes by the number.
function quoted(text) {
    gsub(/\047/, "\047\\\047\047", text)
    return "\047" text "\047"
}
function is_member(    count, i, members) {
    count = split($4, members, ",")
    for (i = 1; i <= count; i++) if (members[i] == user) return 1
    return 0
}
$3 !~ /^[0-9]+$/ { next }
group && !chosen {
    chosen = 1
    if (!named) { uid = number; gid = number_gid; user = number_user }
}
group {
    if (user != "" && $3 != gid "" && is_member()) list = list "," $3
    next
}
$1 "" == ENVIRON["name"] "" && !named { named = 1; uid = $3 ""; gid = $4 ""; user = $1 "" }
$3 "" == ENVIRON["number"] "" && !counted { counted = 1; number = $3 ""; number_gid = $4 ""; number_user = $1 "" }
!(($3 "") in home) { home[$3 ""] = $6 }
END {
    if (!named && !chosen) { uid = number; gid = number_gid }
    if (gid == "") gid = 0
    print "account_uid=" quoted(uid) " account_gid=" quoted(gid) " account_groups=" quoted(gid list)
    print "account_home=" quoted(home[uid] == "" ? "/" : home[uid])
}
