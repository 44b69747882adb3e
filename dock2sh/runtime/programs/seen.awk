# Reads lines of what a step has changed ("A", "M", "D", a tab, a path) on a machine where something was taken back before it (the
# file $lines: kind, place, path; of these paths those in $absent are not there any more). Prints what it changed on what was there then.
function bare(path) { sub(/\/$/, "", path); return path }
BEGIN {
    while ((getline line < ENVIRON["absent"]) > 0) absent[substr(line, 2)] = 1
    while ((getline line < ENVIRON["lines"]) > 0) {
        kind = substr(line, 1, 1)
        path = substr(line, 3)
        path = substr(path, index(path, "\t") + 1)
        back[bare(path)] = 1
        if (!(bare(path) in absent)) print (kind == "A" ? "A" : "M") "\t" path
        else if (kind != "A") print "D\t" bare(path)
    }
}
!(bare(substr($0, 3)) in back)
