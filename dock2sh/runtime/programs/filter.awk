# Which of the names (./name, one a line) the rules leave. A rule is +ERE (out) or -ERE (in again), the last match wins; one that
# matches a directory holds for what is below it, too. A rule that says what is the case already is not looked at, as docker
# does it: `-dir` holds for nothing in a dir that was not left out. The directories above something that stays, stay.
BEGIN {
    while ((getline line < ENVIRON["rules"]) > 0) {
        out[++rules] = substr(line, 1, 1) == "+"
        ere[rules] = bytes(substr(line, 2))
    }
}
# Sets `left_out`; a digit for each rule: does it match, here or above?
function hits(path, held,    i, hit, text) {
    left_out = 0
    text = ""
    for (i = 1; i <= rules; i++) {
        hit = substr(held, i, 1) == "1"
        if (!hit && out[i] != left_out) hit = path ~ ere[i]
        if (hit) left_out = out[i]
        text = text (hit ? "1" : "0")
    }
    return text
}
# The same for the directory that a path is in, each once.
function above(path) {
    if (!match(path, /\/[^\/]*$/)) return ""
    path = substr(path, 1, RSTART - 1)
    if (!(path in directory)) directory[path] = hits(path, above(path))
    return directory[path]
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
    path = ENVIRON["prefix"] substr($0, 3)
    hits(path, above(path))
    if (!left_out) keep($0)
}
END {
    for (i = 1; i <= NR; i++)
        if (name[i] in kept) print name[i]
}
