# What is to be done with the members of an archive, which headers.awk (in front of this) reads.
# Writes the file `names`: ./name of each member, with a slash at the end of a directory's (\001 for a newline); `attributes`,
# lines `KEY VALUE ./name`, the value in hexadecimal digits; `all`, a line for each member:
# `KIND MODE UID:GID TIME DEVICE BLOCK SIZE ./name`, \002, what a link means (./name too for hard links), and a slash.
# Prints what is to be mended afterwards, `MODE UID:GID TIME ./name`: hard links whose own header differs from what they
# link to (docker lets the last one win, tar does not look), times out of bounds, and what busybox's tar (where `by` is not
# transfer_by_tar) does not see: owner and time of a symbolic link, and what stands in an extended header.
# Refuses what docker refuses, on stderr (status 1). What tar would do otherwise than docker without a word ends with status 3: then
# the members in `all` are to be put one by one. Status 4: nobody here can.
function odd(text) {
    strange = 1
}
# Go's path.Clean, relative; `above` is set if it leads out
function plain(name,    part, n, i) {
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
# Times that Go's nanoseconds cannot hold, and those before 1970, are 1970.
function bound() {
    if (time >= 0 && time < 9223286400) return 0
    time = 0
    return 1
}
function check() {
    me = plain(name)
    if (above) refuse("invalid entry name \"" name "\"")
    if (differs != "") odd(differs)
    if (name ~ /(^|\/)\.\.(\/|$)/) odd("the name " name)
    if (me == "./" && kind != "d") odd("the member " name ", which is no directory")
    if (kind == "h") check_target()
    if ((me in implied) && kind != "d") odd("the member " name " in the place of a directory")
    # what was to be mended of a name is not to be mended of what takes its place
    if ((me in kinds) && ((me in mended) || kinds[me] == "l" || (kinds[me] == "d") != (kind == "d") || other && (kind ~ /[hl]/ || kinds[me] == "h" || (me in linked))))
        odd("the member " name " stands there twice")
    if (other && (aged || told("path") || told("linkpath") || told("size"))) odd("the form of " name)
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
# Docker sets those of a link to what it means.
function attributes(    key) {
    for (key in pax) if (key ~ /^SCHILY\.xattr\.[A-Za-z0-9_.-]+$/) {
        if (kind == "l") odd("attributes of a link")
        if (pax[key] != "") print substr(key, 14), pax[key], me > ENVIRON["attributes"]
    }
}
function mend(mode) {
    print mode " " owner " " time " " me
    mended[me]
}
function member(    bounded, meta) {
    other = ENVIRON["by"] != "transfer_by_tar"
    bounded = bound()
    if (other && (told("uid") || told("gid") || told("mtime"))) bounded = 1
    meta = mode " " owner " " time
    check()
    check_way(me)
    attributes()
    thin = thin || sparse
    print kind, mode, owner, sprintf("%.0f", time), device, sprintf("%.0f %.0f", at, size), me "\002" (kind == "h" ? to : target) "/" > ENVIRON["all"]
    kinds[me] = kind
    print me (kind == "d" ? "/" : "") > ENVIRON["names"]
    if (kind == "h") {
        linked[plain(target)]
        if (about[plain(target)] != meta) mend(mode)
        about[me] = meta
    } else if (kind == "l") {
        if (bounded || other) mend("-")
    } else {
        about[me] = meta
        if (bounded) mend(mode)
    }
}
END {
    if (failed) exit failed
    if (thin && other) impossible("GNU tar: a sparse file")
    if (thin && strange) impossible("a way to unpack what is odd beside a sparse file")
    exit strange ? 3 : 0
}
