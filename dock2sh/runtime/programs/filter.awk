# Which of the names (./name, one a line) the rules leave. A rule is +ERE (out) or -ERE (in again), the last match wins;
# the directories above something that stays, stay.
BEGIN {
    while ((getline line < ENVIRON["rules"]) > 0) {
        out[++rules] = substr(line, 1, 1) == "+"
        ere[rules] = substr(line, 2)
    }
}
function left_out(path,    i, result) {
    result = 0
    for (i = 1; i <= rules; i++)
        if (out[i] != result && path ~ ere[i]) result = out[i]
    return result
}
function keep(name) {
    while (!(name in kept)) {
        kept[name]
        if (!match(name, /\/[^\/]*$/)) return
        name = substr(name, 1, RSTART - 1)
    }
}
{
    name[NR] = $0
    if (!left_out(ENVIRON["prefix"] substr($0, 3))) keep($0)
}
END {
    for (i = 1; i <= NR; i++)
        if (name[i] in kept) print name[i]
}
