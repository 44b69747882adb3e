# Succeeds unless the bytes, as decimal numbers, are an extended header (type x) and its records, of which one is malformed: docker's
# reader takes no such file for an archive. A record is `SIZE KEY=VALUE` and a newline, SIZE all of its bytes.
BEGIN { for (i = 1; i < 256; i++) char[i] = sprintf("%c", i) }
{ for (i = 1; i <= NF; i++) byte[n++] = $i }
END {
    if (byte[156] != 120) exit 0
    for (i = 124; i < 136; i++) if (byte[i] >= 48 && byte[i] < 56) size = size * 8 + byte[i] - 48
    if (512 + size > n) exit 0
    for (at = 512; at < 512 + size; at = end) {
        digits = ""
        for (i = at; byte[i] >= 48 && byte[i] < 58; i++) digits = digits char[byte[i]]
        end = at + digits
        if (digits == "" || byte[i] != 32 || digits + 0 < 5 || end > 512 + size || byte[end - 1] != 10) exit 1
        key = ""
        for (i++; i < end && byte[i] != 61; i++) key = key (byte[i] ? char[byte[i]] : "\n")
        if (key == "" || key ~ /\n/ || i >= end) exit 1
        if (key == "path" || key == "linkpath" || key == "uname" || key == "gname") for (; i < end; i++) if (!byte[i]) exit 1
    }
}
