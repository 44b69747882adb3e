# Prints the names (./name, a line each) that $changes, the record, has not: what was there before all steps.
BEGIN {
    while ((getline line < ENVIRON["changes"]) > 0) {
        split(line, part, "\t")
        known[substr(line, length(part[1]) + 2)] = 1
    }
}
!((ENVIRON["lower"] substr($0, 2)) in known)
