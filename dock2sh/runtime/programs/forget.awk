# Reads the record of a machine's changes, and prints what of it is still true when the paths of the file $lines (kind, place, path)
# were taken back: what the file $kept has too, and what was added and is there still (not in the file $absent).
function bare(path) { sub(/\/$/, "", path); return path }
BEGIN {
    while ((getline line < ENVIRON["absent"]) > 0) absent[substr(line, 2)] = 1
    while ((getline line < ENVIRON["kept"]) > 0) kept[bare(substr(line, 3))] = 1
    while ((getline line < ENVIRON["lines"]) > 0) {
        path = substr(line, 3)
        back[bare(substr(path, index(path, "\t") + 1))] = substr(line, 1, 1)
    }
}
{ path = bare(substr($0, 3)) }
!(path in back) || path in kept || (back[path] == "A" && !(path in absent))
