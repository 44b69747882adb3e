# The record of what was done to this machine: $service_place/changes has a line for each file, "A", "M" or "D" (added, changed, deleted), a tab,
# the path; the first line of a path counts. $service_place/backup has what was there before, $service_place/sums (of files) and
# $service_place/links what was put in place.

# record_changes LOWER UPPER LISTS: prints a line for each.
record_changes() {
    record_lines M "$1" "$3.replaced" ''
    record_lines A "$1" "$3.new" /
    record_lines A "$1" "$3.added" ''
    record_lines M "$1" "$3.changed" ''
    record_lines D "$1" "$3.gone" ''
    record_directories "$@"
}

# record_put LOWER UPPER LISTS
record_put() {
    cat "$3.added" "$3.changed" >"$3.put"
    record_sums "$1" "$3.put" "$2"
    record_links "$1" "$3.put" "$2"
}

# record_lines KIND LOWER LIST END
record_lines() {
    list_lines "$3" | kind=$1 lower=$2 last=$4 LC_ALL=C awk '{ print ENVIRON["kind"] "\t" ENVIRON["lower"] substr($0, 2) ENVIRON["last"] }'
}

# record_directories LOWER UPPER LISTS: those that will not be what they are: mode or owner.
record_directories() {
    [ -s "$3.known" ] || return 0
    directories_look "$1/" "$3.known" | LC_ALL=C sort >"$3.modes"
    directories_look "$2" "$3.known" | LC_ALL=C sort | comm -13 "$3.modes" - | sed 's/^[^ ]* [^ ]* //' | tr '\n\001' '\0\n' >"$3.other"
    record_lines M "$1" "$3.other" /
}

directories_look() {
    each_of "$1" "$2" sh -c 'stat -c "%a %u:%g %n" "$@"' sh 2>/dev/null
}

# record LINES: those of paths that are new to the record.
record() {
    [ -f "$service_place/changes" ] || : >"$service_place/changes"
    changes=$service_place/changes LC_ALL=C awk '
        function path(line) { line = substr(line, 3); sub(/\/$/, "", line); return line }
        BEGIN { while ((getline line < ENVIRON["changes"]) > 0) known[path(line)] = 1 }
        !(path($0) in known)' "$1" >"$state/record.more" || fail "$state/record.more cannot be written"
    cat "$state/record.more" >>"$service_place/changes" || fail "$service_place/changes cannot be written"
}

# record_sums LOWER LIST [DIR]: the digests of the regular files of LIST as they are now (in DIR), and their paths. (Names with a newline or a
# backslash, which sha256sum prints in its own way, are left out.)
record_sums() {
    [ -s "$2" ] || return 0
    each_of "${3-"$1/"}" "$2" sh -c 'find "$@" -prune -type f -exec sha256sum {} +' sh | lower=$1 LC_ALL=C awk '
        /^[0-9a-f]/ { print substr($0, 1, 64) " " ENVIRON["lower"] substr($0, 68) }' >>"$service_place/sums"
}

# record_links LOWER LIST DIR: of the symbolic links, which are made anew when they are changed, the length and the time.
record_links() {
    [ -s "$2" ] || return 0
    each_of "$3" "$2" sh -c 'find "$@" -prune -type l -exec stat -c "%s:%Y %n" {} +' sh | lower=$1 LC_ALL=C awk '
        /^[0-9]+:[-0-9]+ [.]/ { print $1 " " ENVIRON["lower"] substr($0, length($1) + 3) }' >>"$service_place/links"
}
