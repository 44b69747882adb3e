# Prints the names (./name, a line each) that $changes, the record, has ($which known), or has not (unknown: what was there before all
# steps); not those that are taken back (the file $without: kind, place, path), nor apt's indices of its lists, which are large, and made
# anew where they are gone.
function bare(path) { sub(/\/$/, "", path); return path }
BEGIN {
    while ((getline line < ENVIRON["changes"]) > 0) known[bare(substr(line, 3))] = 1
    while ((getline line < ENVIRON["without"]) > 0) {
        path = substr(line, 3)
        without[bare(substr(path, index(path, "\t") + 1))] = 1
    }
    wanted = ENVIRON["which"] == "known"
}
{ path = ENVIRON["lower"] substr($0, 2) }
(path in known) == wanted && !(path in without) && !(wanted && path ~ /^\/var\/cache\/apt\/[^\/]*[.]bin$/)
