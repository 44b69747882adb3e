# Reads what `tar -tv` says of an archive: GNU tar's (names in C quotes), where `by` is transfer_by_tar, or busybox's.
# Writes the file `names`: ./name of each member, with a slash at the end of a directory's (\001 for a newline).
# Prints what is to be mended afterwards, `MODE UID:GID DAY TIME ./name`: hard links whose own header differs from what they
# link to (docker lets the last one win, tar does not look), times out of bounds, and symbolic links of busybox, which gives them no owner and time.
# The file `owners`: `USER:GROUP ./name` with a member of each owner, as busybox tells their names where it should tell numbers.
# Refuses, on stderr: what docker refuses (status 1), and what only GNU tar can (4). What tar would do otherwise than docker
# without a word ends with status 3: then the file `all` is to be gone through, a line for each member,
# `KIND MODE UID:GID DAY TIME DEVICE ./name`, \002, what a link means (./name too for hard links), and a slash.
function refuse(text) {
    print text > "/dev/stderr"
    failed = 1
    exit 1
}
function lacking(text) {
    print "GNU tar: " text > "/dev/stderr"
    failed = 4
    exit 4
}
# docker has a way for this member; busybox's tar, which cannot give its files one by one under any name, has none
function odd(text) {
    if (ENVIRON["by"] != "transfer_by_tar") lacking(text)
    strange = 1
}
# Go's path.Clean, relative; `above` is set if it leads out
function plain(name,    part, n, i, kept) {
    above = 0
    if (name !~ /(^|\/)\.\.(\/|$)/) {
        gsub(/\/(\.?\/)+/, "/", name)
        sub(/^(\.?\/)+/, "", name)
        sub(/(^|\/)\.?$/, "", name)
        return "./" name
    }
    n = split(name, part, "/")
    name = ""
    for (i = 1; i <= n; i++) {
        if (part[i] == "..") {
            if (name == "") above = 1
            sub(/\/?[^\/]*$/, "", name)
        } else if (part[i] != "" && part[i] != ".") name = name (name == "" ? "" : "/") part[i]
    }
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
        lacking("a member has a newline in its name")
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
# Times that Go's nanoseconds cannot hold, and those before 1970, are 1970.
function bound() {
    if (day >= "1970" && day < "2262-04-11") return 0
    day = "1970-01-01"
    time = "00:00:00"
    return 1
}
function check() {
    if (kind !~ /[-dlhbcp]/) refuse("unhandled tar header type (" kind " in tar -tv) of " name)
    me = plain(name)
    if (above) refuse("invalid entry name \"" name "\"")
    if (name ~ /(^|\/)\.\.(\/|$)/) odd("the name " name)
    if (me == "./" && kind != "d") odd("the member " name ", which is no directory")
    if (kind == "h") check_target()
    if ((me in implied) && kind != "d") odd("the member " name " in the place of a directory")
    # what was to be mended of a name is not to be mended of what takes its place
    if ((me in kinds) && ((me in mended) || kinds[me] == "l" || (kinds[me] == "d") != (kind == "d") || ENVIRON["by"] != "transfer_by_tar" && (kind ~ /[hl]/ || kinds[me] == "h" || (me in linked))))
        odd("the member " name " stands there twice")
}
function check_target() {
    to = plain(target)
    if (above) refuse("invalid hardlink target \"" target "\"")
    if (target ~ /(^|\/)\.\.(\/|$)/ || !(to in about)) odd("the hard link " name " to " target)
}
# Docker goes through a link that the archive has itself, and makes what a dangling one means.
function check_way(path) {
    while (match(path, /\/[^\/]*$/)) {
        path = substr(path, 1, RSTART - 1)
        if (path in kinds) {
            if (kinds[path] ~ /[lh]/) odd("the member " name " behind the link " path)
            else if (kinds[path] != "d") refuse(name ": " substr(path, 3) " is not a directory")
        }
        implied[path]
    }
}
function mend(mode) {
    print mode " " $2 " " day " " time " " me
    mended[me]
}
{
    if (ENVIRON["by"] == "transfer_by_tar") parse_gnu(); else parse_busybox()
    sub(/\//, ":", $2)
    bounded = bound()
    meta = octal(substr($1, 2, 9)) " " $2 " " day " " time
    check()
    check_way(me)
    print kind, octal(substr($1, 2, 9)), $2, day, time, kind ~ /[bc]/ ? $3 : "-", me "\002" (kind == "h" ? to : target) "/" > ENVIRON["all"]
    kinds[me] = kind
    print me (kind == "d" ? "/" : "") > ENVIRON["names"]
    if (kind == "h") {
        linked[plain(target)]
        if (about[plain(target)] != meta) mend(octal(substr($1, 2, 9)))
        about[me] = meta
    } else if (kind == "l") {
        if (bounded || ENVIRON["by"] != "transfer_by_tar") mend("-")
    } else {
        about[me] = meta
        if (bounded) mend(octal(substr($1, 2, 9)))
        if (!($2 in owned)) print $2 " " me > ENVIRON["owners"]
        owned[$2]
    }
}
END { exit failed ? failed : strange ? 3 : 0 }
