# Prints the names (./name, a line each) that $changes, the record, has not: what was there before all steps.
BEGIN {
    while ((getline line < ENVIRON["changes"]) > 0) {
        line = substr(line, 3)
        sub(/\/$/, "", line) # of a directory
        known[line] = 1
    }
}
!((ENVIRON["lower"] substr($0, 2)) in known)
