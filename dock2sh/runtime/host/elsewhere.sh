# What is mounted on this machine and has no overlay of its own: a file system that is elsewhere (nfs, a directory of another machine's), or
# of a kind of which overlays are none. A step sees what lies below it, mostly nothing; so what it did there is no change of what is there.

# elsewhere_untouched: fails if a step has changed something there.
elsewhere_untouched() {
    elsewhere_mounts >"$state/elsewhere"
    each_layer elsewhere_layer
}

# elsewhere_mounts: prints where, a line each; a newline in one is \001.
elsewhere_mounts() {
    LC_ALL=C awk '
        NR == FNR { ours[$0] = 1; next }
        {
            gsub(/\\040/, " ", $2); gsub(/\\011/, "\t", $2); gsub(/\\012/, "\001", $2); gsub(/\\134/, "\\", $2)
            if ($2 != "/" && !($2 in ours)) print $2
        }' "$state/lowers" /proc/self/mounts
}

# elsewhere_layer LOWER UPPER LISTS
elsewhere_layer() {
    elsewhere_found=$(list_lines "$3.upper" | lower=$1 mounts=$state/elsewhere LC_ALL=C awk '
        BEGIN { while ((getline line < ENVIRON["mounts"]) > 0) is_mount[line] = 1 }
        {
            way = ENVIRON["lower"]; count = split(substr($0, 3), part, "/")
            for (i = 1; i <= count; i++) if ((way = way "/" part[i]) in is_mount) { print way; exit }
        }')
    [ -z "$elsewhere_found" ] || fail "the step changes files in $elsewhere_found, where something else is mounted that it cannot work on. \
Nothing of the step was put in place. --way root sets $service_name up in a tree of its own"
}
