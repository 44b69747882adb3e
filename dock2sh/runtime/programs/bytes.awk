# bytes(ERE): awk reads bytes, so what plan/patterns.py says of characters is put in bytes. A character is well-formed UTF-8; (?)
# is also a byte that only begins one, as the letters of Latin-1 do.
function bytes(ere,    high, range) {
    gsub(/\.\*/, "[^\001]*", ere) # Go's `.` is no newline, which is 1 in our lists
    if (!index(ere, "(?")) return ere
    high = "[\302-\337][\200-\277]|[\340-\357][\200-\277][\200-\277]|[\360-\364][\200-\277][\200-\277][\200-\277]"
    gsub(/\(\?!\)/, "\200-\377", ere)
    gsub(/\(\?\+\)/, "(" high ")", ere)
    gsub(/\(\?\)/, "([^/\200-\377]|" high "|[\300-\377])", ere)
    while (match(ere, /\(\?[0-9]+-[0-9]+\)/)) {
        split(substr(ere, RSTART + 2, RLENGTH - 3), range, "-")
        ere = substr(ere, 1, RSTART - 1) "[" sprintf("%c-%c", range[1] + 0, range[2] + 0) "]" substr(ere, RSTART + RLENGTH)
    }
    return ere
}
