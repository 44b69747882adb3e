# Of lines "MODE UID GID ./PATH", directories in /run, the lines of tmpfiles.d(5) that make them, but of places that are the machine's own
# or docker's. A path with more than plain characters is quoted there, and % is the beginning of something.
function quoted(text, i, char, done) {
    for (i = 1; i <= length(text); i++) {
        char = substr(text, i, 1)
        done = done (char == "\\" || char == "\"" ? "\\" char : char == "%" ? "%%" : char)
    }
    return text ~ /[^A-Za-z0-9_.,:@+\/-]/ ? "\"" done "\"" : done
}
{
    path = $0
    sub(/^[0-7]+ [0-9]+ [0-9]+ [.]\//, "", path)
    if (path !~ /^(lock|systemd|secrets|buildkit)(\/|$)/) print "d", quoted("/run/" path), $1, $2, $3, "-"
}
