# Reads lines "go DIR" and "stay DIR" (a tab between), layers of a machine, oldest first. Prints for each path that is to be taken
# back what the oldest of its layers did to it (A, M, D), where that one has kept it (DIR/before or $backup), and the path, tabs between.
# What is in the file $changed stays, and so does what a layer that stays has put above it; the former is written to the file $stays.
# Nor is what lies in a directory of the file $apart.
BEGIN {
    while ((getline line < ENVIRON["changed"]) > 0) changed[line] = 1
    while ((getline line < ENVIRON["apart"]) > 0) apart[line] = 1
}
{ state[NR] = $1; layer[NR] = $2 }
function bare(path) { sub(/\/$/, "", path); return path }
END {
    for (i = NR; i > 0; i--) {
        split("", kept)
        while ((getline line < (layer[i] "/kept")) > 0) kept[substr(line, 2)] = 1
        while ((getline line < (layer[i] "/lines")) > 0) {
            path = bare(substr(line, 3))
            place_of = path
            sub(/\/[^\/]*$/, "", place_of)
            if (place_of in apart) continue
            if (path in changed) { if (state[i] == "go") print path > ENVIRON["stays"]; continue }
            if (state[i] == "stay") { held[path] = 1; continue }
            if (path in held || (path, i) in told) continue # the first line of a layer counts
            told[path, i] = 1
            kind[path] = substr(line, 1, 1)
            whole[path] = substr(line, 3)
            place[path] = path in kept ? layer[i] "/before" : ENVIRON["backup"]
        }
    }
    for (path in kind) print kind[path] "\t" place[path] "\t" whole[path]
}
