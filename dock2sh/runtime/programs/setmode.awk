# New modes by a text like u=rwX,go=rX. Input: names; the file `modes`: "MODE TYPE" for each; output: files into/NEWMODE.
function bits(mode, mask,    result, bit) {
    result = 0
    for (bit = 1; bit < 4096; bit *= 2)
        if (int(mode / bit) % 2 && int(mask / bit) % 2) result += bit
    return result
}
function without(mode, mask) { return mode - bits(mode, mask) }
function with(mode, more) { return without(mode, more) + more }
function octal(text,    n, i) {
    n = 0
    for (i = 1; i <= length(text); i++) n = n * 8 + substr(text, i, 1)
    return n
}
# The bits that the classes of a clause stand for: 04700 02070 00007 and, for a, 06777.
function classes(text,    who, i, c) {
    who = 0
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        who = with(who, c == "u" ? 2496 : c == "g" ? 1080 : c == "o" ? 7 : 3583)
    }
    return who
}
function copied(mode, op, who, from,    value, each, i, shift) {
    value = int(mode / (from == "u" ? 64 : from == "g" ? 8 : 1)) % 8
    each = 0
    for (i = 1; i <= 64; i *= 8)
        if (!who || bits(who, 7 * i)) each += i
    if (op == "=") mode = without(mode, 7 * each)
    return op == "-" ? without(mode, value * each) : with(mode, value * each)
}
# one clause: WHO, then operators each with their letters; X looks at the mode before the first clause
function clause(mode, text, first, isdir,    who, op, i, c, perm, any, sets) {
    match(text, /^[ugoa]*/)
    who = RLENGTH ? classes(substr(text, 1, RLENGTH)) : 0
    text = substr(text, RLENGTH + 1)
    while (text != "") {
        op = substr(text, 1, 1)
        match(text, /^[-+=][rwxXstugo]*/)
        sets = substr(text, 2, RLENGTH - 1)
        text = substr(text, RLENGTH + 1)
        mode = applied(mode, op, sets, who, first, isdir)
    }
    return mode
}
function applied(mode, op, sets, who, first, isdir,    perm, mask, i, c, later) {
    perm = 0; later = ""
    mask = who ? who : 4095
    for (i = 1; i <= length(sets); i++) {
        c = substr(sets, i, 1)
        if (c == "r") perm = with(perm, 292)
        else if (c == "w") perm = with(perm, 146)
        else if (c == "x") perm = with(perm, 73)
        else if (c == "X") { if (isdir || bits(first, 73)) perm = with(perm, 73) }
        else if (c == "s") { if (!who || without(who, 7)) perm = with(perm, 3072) }
        else if (c == "t") { if (!who || without(who, 7)) { perm = with(perm, 512); mask = with(mask, 512) } }
        else later = later c
    }
    if (op == "=" && (later == "" || perm)) mode = without(mode, who ? who : 3583)
    mode = op == "-" ? without(mode, bits(perm, mask)) : with(mode, bits(perm, mask))
    for (i = 1; i <= length(later); i++) mode = copied(mode, op, who, substr(later, i, 1))
    return mode
}
BEGIN {
    n = split(ENVIRON["text"], clauses, ",")
    for (i = 1; i <= n; i++)
        if (clauses[i] !~ /^[ugoa]*([-+=][rwxXstugo]*)+$/) exit 1
}
{
    getline now < ENVIRON["modes"]
    if (!(now in known)) {
        first = octal(substr(now, 1, index(now, " ") - 1))
        isdir = now ~ / directory$/
        mode = first
        for (i = 1; i <= n; i++) mode = clause(mode, clauses[i], first, isdir)
        known[now] = sprintf("%04o", mode)
    }
    print > (ENVIRON["into"] "/" known[now])
}
