# The headers of a tar as docker reads them (Go's archive/tar), for listing.awk: `member` is called for each of its members, with
# what is known of it in `kind` (a letter of ls), `name`, `target`, `mode` (octal digits), `owner` (UID:GID), `time` (seconds),
# `device` (MAJOR,MINOR), `at` (its first block of content), `size`, `pax` (what an extended header says instead), `differs`
# (why no tar unpacks it so) and `aged` (a form older than POSIX).
# Input: its blocks, one a line, with \377 for NUL and \376 for a newline. Where a block may have these bytes of its own (its sum
# says so) `tar`, the file, is asked. `bytes` is its size.
function refuse(text) {
    print text > "/dev/stderr"
    failed = 1
    exit 1
}
function impossible(text) {
    print text > "/dev/stderr"
    failed = 4
    exit 4
}
function invalid() {
    refuse("archive/tar: invalid tar header")
}
# These stand for NUL and newline from now on.
function stand(for_nul, for_newline) {
    ord[nul] = code[nul]
    ord[newline] = code[newline]
    nul = for_nul
    newline = for_newline
    ord[nul] = 0
    ord[newline] = 10
}
# The text of `count` bytes at `start`, from the file; bytes that do not occur stand for NUL and newline.
function exact(start, count,    command, line, all, n, i, byte, used, text) {
    command = "od -An -v -tx1 -j " start " -N " count " \"$tar\""
    while ((command | getline line) > 0) all = all line
    close(command)
    n = split(all, byte, " ")
    split("", used)
    for (i = 1; i <= n; i++) used[byte[i]]
    for (i = 255; i && sprintf("%02x", i) in used; i--) continue
    for (line = i - 1; line > 0 && sprintf("%02x", line) in used; line--) continue
    if (line <= 0) impossible("no reader of headers for a header with all bytes that there are")
    stand(char[sprintf("%02x", i)], char[sprintf("%02x", line)])
    for (i = 1; i <= n; i++) text = text (byte[i] == "00" ? nul : byte[i] == "0a" ? newline : char[byte[i]])
    return text
}
function as_read() {
    if (nul != "\377" || newline != "\376") stand("\377", "\376")
}
# Up to the first NUL; \001 for a newline.
function text_of(field,    i) {
    if (i = index(field, nul)) field = substr(field, 1, i - 1)
    while (i = index(field, newline)) field = substr(field, 1, i - 1) "\001" substr(field, i + 1)
    return field
}
function number(field,    i, n, first, flip, c) {
    first = ord[substr(field, 1, 1)]
    if (first >= 128) {
        flip = first >= 192
        n = flip ? 127 - first % 128 : first % 128
        for (i = 2; i <= length(field); i++) {
            c = ord[substr(field, i, 1)]
            n = n * 256 + (flip ? 255 - c : c)
            if (n >= 9223372036854775808) invalid()
        }
        return flip ? -n - 1 : n
    }
    while (substr(field, 1, 1) == " " || substr(field, 1, 1) == nul) field = substr(field, 2)
    field = text_of(field)
    sub(/ +$/, "", field)
    if (field ~ /[^0-7]/) invalid()
    n = 0
    for (i = 1; i <= length(field); i++) n = n * 8 + substr(field, i, 1)
    return n
}
# Is the block's sum, of its bytes or of them with signs, what its header states?
function sums(block,    i, c, stated, sum, high) {
    stated = substr(block, 149, 8)
    block = substr(block, 1, 148) substr(block, 157)
    gsub(nul, "", block)
    for (i = length(block); i; i--) {
        c = ord[substr(block, i, 1)]
        sum += c
        high += c > 127
    }
    gsub(nul, " ", stated)
    gsub(/^ +| +$/, "", stated)
    if (stated == "" || stated ~ /[^0-7]/) return 0
    c = 0
    for (i = 1; i <= length(stated); i++) c = c * 8 + substr(stated, i, 1)
    return c == sum + 256 || c == sum + 256 - 256 * high
}
function header(    block, magic, type, digits) {
    if (ENVIRON["bytes"] - (NR - 1) * 512 < 512) refuse("unexpected EOF")
    as_read()
    block = $0
    if (!sums(block)) {
        block = exact((NR - 1) * 512, 512)
        if (!sums(block)) invalid()
    }
    type = substr(block, 157, 1)
    if (type == nul) type = "A"
    else if (type == "A") type = "?"
    name = text_of(substr(block, 1, 100))
    target = text_of(substr(block, 158, 100))
    mode = number(substr(block, 101, 8)) % 4096
    mode = sprintf("%d%d%d%d", mode / 512, mode / 64 % 8, mode / 8 % 8, mode % 8)
    user = number(substr(block, 109, 8))
    group = number(substr(block, 117, 8))
    size = number(substr(block, 125, 12))
    time = number(substr(block, 137, 12))
    magic = substr(block, 258, 8)
    device = "0,0"
    aged = substr(magic, 1, 5) != "ustar"
    if (!aged) device = number(substr(block, 330, 8)) "," number(substr(block, 338, 8))
    if (substr(magic, 1, 6) == "ustar" nul) {
        digits = text_of(substr(block, 346, substr(block, 509, 4) == "tar" nul ? 131 : 155))
        if (digits != "") name = digits "/" name
    }
    at = NR
    if (type ~ /[xgLK]/) begin(type); else entry(type)
}
# begin TYPE: a header that tells of the next one. Its text is what follows.
function begin(type) {
    if (size < 0) invalid()
    content(size)
    extended = type
    length_of = size
    left = skip
    skip = 0
    kept = ""
    if (!left) done()
}
# content SIZE: what follows a header.
function content(size) {
    if (at * 512 + size > ENVIRON["bytes"]) refuse("unexpected EOF")
    skip = int((size + 511) / 512)
}
function done(    text) {
    as_read()
    text = substr(kept, 1, length_of)
    if (extended ~ /[LK]/ || index(text, nul) || text ~ /SCHILY\.xattr/) text = exact(at * 512, length_of)
    if (extended == "L") long_name = text_of(text)
    else if (extended == "K") long_target = text_of(text)
    else records(text)
    extended = ""
}
# Records are `LENGTH KEY=VALUE` and a newline. A global header's do not count.
function records(text,    n, record, key, said, i) {
    if (extended == "x") split("", pax)
    while (text != "") {
        if (!match(text, /^[0-9]+ /) || RLENGTH > 20) invalid()
        n = substr(text, 1, RLENGTH - 1) + 0
        record = substr(text, RLENGTH + 1, n - RLENGTH)
        if (n < 5 || n > length(text) || substr(record, length(record)) != newline || !(i = index(record, "="))) invalid()
        key = substr(record, 1, i - 1)
        said = substr(record, i + 1, length(record) - i - 1)
        text = substr(text, n + 1)
        if (key == "" || index(key, nul) || key ~ /^([ug]name|path|linkpath)$/ && index(said, nul)) invalid()
        hollow = hollow || said == ""
        if (extended == "g") global = global || key != "comment"
        else if (key ~ /^SCHILY\.xattr\./) pax[key] = hexadecimal(said)
        else pax[key] = text_of(said)
    }
}
function hexadecimal(text,    i, out) {
    for (i = 1; i <= length(text); i++) out = out sprintf("%02x", ord[substr(text, i, 1)])
    return out
}
function whole(text) {
    if (text !~ /^-?[0-9]+$/) invalid()
    return text + 0
}
# Seconds and their fraction, of which the floor counts.
function seconds(text,    n) {
    if (text !~ /^-?[0-9]+(\.[0-9]*)?$/) invalid()
    n = text + 0
    sub(/\..*/, "", text)
    return text - (n < text + 0)
}
# What an extended header says is so; a record without a value says nothing.
function told(key) {
    return (key in pax) && pax[key] != ""
}
function entry(type) {
    if (told("path")) name = pax["path"]
    if (told("linkpath")) target = pax["linkpath"]
    if (told("uid")) user = whole(pax["uid"])
    if (told("gid")) group = whole(pax["gid"])
    if (told("size")) size = whole(pax["size"])
    if (told("mtime")) time = seconds(pax["mtime"])
    if (told("GNU.sparse.name")) name = pax["GNU.sparse.name"]
    if (long_name != "") name = long_name
    if (long_target != "") target = long_target
    differs = global ? "a global header" : hollow ? "a record without a value" : ""
    global = hollow = 0
    if (type == "A") {
        type = name ~ /\/$/ ? 5 : 0
        aged = aged || type
    }
    if (type !~ /[0-6]/) refuse("unhandled tar header type " (type == "?" ? 65 : code[type]) " (" name ")")
    kind = substr("-hlcbdp", type + 1, 1)
    if (type + 0) {
        if (size && type != 1) differs = "content of what has none"
        size = 0
    } else if (name ~ /\/$/) differs = "the file " name
    if (size < 0) invalid()
    sparse = told("GNU.sparse.major") || told("GNU.sparse.size") || told("GNU.sparse.map") || told("GNU.sparse.realsize")
    content(size)
    owner = sprintf("%.0f:%.0f", user, group)
    member()
    long_name = long_target = ""
    split("", pax)
}
BEGIN {
    for (i = 1; i < 256; i++) {
        char[sprintf("%02x", i)] = sprintf("%c", i)
        ord[sprintf("%c", i)] = code[sprintf("%c", i)] = i
    }
    for (i = 0; i < 512; i++) zeros = zeros "\377"
}
skip { skip--; next }
left { kept = kept $0; if (!--left) done(); next }
ended {
    if (length($0) < 512) refuse("unexpected EOF")
    if ($0 != zeros) invalid()
    exit
}
$0 == zeros { ended = 1; next }
{ header() }
