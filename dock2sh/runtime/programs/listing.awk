# Reads what `tar -tv` says of an archive: GNU tar's (names in C quotes), where `by` is transfer_by_tar, or busybox's.
# Writes the file `names`: ./name of each member, with a slash at the end of a directory's (\001 for a newline).
# Prints what is to be mended afterwards, `MODE UID:GID DAY TIME ./name`: hard links whose own header differs from what they
# link to (docker lets the last one win, tar does not look), and symbolic links of busybox, which gives them no owner and time.
# The file `owners`: `USER:GROUP ./name` with a member of each owner, as busybox tells their names where it should tell numbers.
# Refuses, on stderr: what docker refuses, and what tar would do wrong without a word.
function refuse(text) {
    print text > "/dev/stderr"
    failed = 1
    exit 1
}
function plain(name) {
    gsub(/\/(\.?\/)+/, "/", name)
    sub(/^(\.?\/)+/, "", name)
    sub(/(^|\/)\.?$/, "", name)
    return "./" name
}
# Takes a string in C quotes off `rest`.
function quoted(    text, at, c) {
    text = ""
    for (at = 2; (c = substr(rest, at, 1)) != "\"" && c != ""; at++) {
        if (c == "\\") {
            c = substr(rest, ++at, 1)
            if (c ~ /[0-7]/) {
                c = sprintf("%c", substr(rest, at, 1) * 64 + substr(rest, at + 1, 1) * 8 + substr(rest, at + 2, 1))
                at += 2
            } else if (index("abtnvfr", c)) c = substr("\a\b\t\1\v\f\r", index("abtnvfr", c), 1)
        }
        text = text c
    }
    rest = substr(rest, at + 1)
    return text
}
# rwsr-xr-t as octal digits (not every awk has powers)
function octal(text,    i, bit, special, result) {
    special = 0
    for (i = 1; i <= 9; i += 3) {
        bit = substr(text, i + 2, 1)
        if (bit ~ /[sStT]/) special += i == 1 ? 4 : i == 4 ? 2 : 1
        result = result (4 * (substr(text, i, 1) == "r") + 2 * (substr(text, i + 1, 1) == "w") + (bit ~ /[xst]/))
    }
    return special result
}
function parse_gnu(    at) {
    at = index($0, "\"")
    rest = substr($0, at)
    $0 = substr($0, 1, at - 1)
    kind = substr($1, 1, 1)
    name = quoted()
    target = ""
    if (index(rest, "\"")) {
        sub(/^[^"]*/, "", rest)
        target = quoted()
    }
    day = $(NF - 1)
    time = $NF
    sub(/\..*/, "", time)
}
function parse_busybox(    at) {
    if (!match($0, /^[-dlcbps][-rwxsStT]+ +[^ ]+\/[^ ]+ +[0-9,]+ [-0-9]+ [0-9:]+ /))
        refuse("a member has a newline in its name: GNU tar is needed (install the package tar)")
    name = substr($0, RLENGTH + 1)
    $0 = substr($0, 1, RLENGTH)
    kind = substr($1, 1, 1)
    day = $(NF - 1)
    time = $NF
    target = ""
    at = index(name, " -> ")
    if (at && (kind == "l" || $3 == 0)) {
        target = substr(name, at + 4)
        name = substr(name, 1, at - 1)
        if (kind == "-") kind = "h"
    }
}
function check(    what) {
    if (name ~ /(^|\/)\.\.(\/|$)/) refuse("invalid entry name \"" name "\"")
    what = plain(name)
    if (kind == "h" && target ~ /(^|\/)\.\.(\/|$)/) refuse("invalid hardlink target \"" target "\"")
    if (kind == "h" && !(plain(target) in about))
        refuse("the hard link " name " needs " target ", which is no file of the archive")
    if ((what in kinds) && (kinds[what] == "l" || ENVIRON["by"] != "transfer_by_tar" && (kind ~ /[hl]/ || kinds[what] == "h" || (what in linked))))
        refuse("the member " name " stands there twice, once as a link: tar gets that wrong; pack the archive again without")
}
# Docker goes through a link that the archive has itself. GNU tar does for links that cannot lead out, busybox's never.
function check_way(path) {
    while (match(path, /\/[^\/]*$/)) {
        path = substr(path, 1, RSTART - 1)
        if (kinds[path] == "l" && (ENVIRON["by"] != "transfer_by_tar" || links[path] ~ /^\/|(^|\/)\.\.(\/|$)/))
            refuse("the member " name " lies behind the link " path " of the archive: that cannot be unpacked")
    }
}
{
    if (ENVIRON["by"] == "transfer_by_tar") parse_gnu(); else parse_busybox()
    sub(/\//, ":", $2)
    meta = octal(substr($1, 2, 9)) " " $2 " " day " " time
    check()
    me = plain(name)
    check_way(me)
    kinds[me] = kind
    if (kind == "l") links[me] = target
    print me (kind == "d" ? "/" : "") > ENVIRON["names"]
    if (kind == "h") {
        linked[plain(target)]
        if (about[plain(target)] != meta) print meta " " me
        about[me] = meta
    } else if (kind == "l") {
        if (ENVIRON["by"] != "transfer_by_tar") print "- " $2 " " day " " time " " me
    } else {
        about[me] = meta
        if (!($2 in owned)) print $2 " " me > ENVIRON["owners"]
        owned[$2]
    }
}
END { exit failed }
