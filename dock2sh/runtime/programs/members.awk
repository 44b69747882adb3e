# Of an unpacked archive, by `what`: implied, the directories that it has no member for; members, all the other entries and those
# of the implied that the file `new` names; heirs, of these the ones whose parent was there before them: not one that the archive
# has a member for behind what is in it.
# Input: the directories (./name, one a line), an empty line, all entries. The file `names` has the members, ./name or ./name/.
function parent(path) {
    sub(/\/[^\/]*$/, "", path)
    return path
}
function way(path) {
    while ((path = parent(path)) != "." && !(path in seen)) {
        seen[path]
        if (!(parent(path) in listed)) early[path]
    }
}
BEGIN {
    while ((getline line < ENVIRON["names"]) > 0) {
        if (sub(/\/$/, "", line)) member[line]
        way(line)
        listed[line]
    }
    while ((getline line < ENVIRON["new"]) > 0) fresh[line]
    what = ENVIRON["what"]
}
!all && $0 == "" { all = 1; next }
!all { if (!($0 in member)) implied[$0] }
all && what == "heirs" { if (($0 in fresh) && !(($0 in early) && (parent($0) in member))) print }
all && what != "heirs" { if ((($0 in implied) && !($0 in fresh)) == (what == "implied")) print }
