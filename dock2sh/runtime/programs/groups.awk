# Sorted matches of a wildcard, put together where one tar can copy several: runs of files that have one name each, in one
# directory. Output, in order: `path PATH`, or `batch NUMBER DIRECTORY/` with the names in the file batch.NUMBER of the
# directory `into`. The file `plain` lists the files with one name (./name below `base`); without it nothing is put together.
function flush(    list, i) {
    if (count == 1) print "path " run[1]
    else if (count) {
        list = ENVIRON["into"] "/batch." ++batches
        for (i = 1; i <= count; i++) print "./" substr(run[i], length(parent) + 1) > list
        if (close(list)) lost = 1
        print "batch " batches " " parent
    }
    count = 0
}
BEGIN { while ((getline line < ENVIRON["plain"]) > 0) plain[ENVIRON["base"] substr(line, 3)] }
# BuildKit does not look into a directory that matches
matched != "" && index($0, matched "/") == 1 { next }
{
    matched = $0
    match($0, /[^\/]*$/)
    dir = substr($0, 1, RSTART - 1)
    if (!($0 in plain) || dir != parent) flush()
    if ($0 in plain) { parent = dir; run[++count] = $0 }
    else print "path " $0
}
END {
    flush()
    exit lost
}
