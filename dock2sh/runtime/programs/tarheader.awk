# Succeeds if 512 bytes, as decimal numbers, are the header of a tar member: its checksum, octal at 148, is the sum of all bytes
# with blanks in its place.
{ for (i = 1; i <= NF; i++) byte[n++] = $i }
END {
    for (i = 0; i < 512; i++) {
        field = i >= 148 && i < 156
        sum += field ? 32 : byte[i]
        signed += field ? 32 : byte[i] > 127 ? byte[i] - 256 : byte[i]
        if (field && byte[i] >= 48 && byte[i] < 56) stated = stated * 8 + byte[i] - 48
    }
    exit !(n == 512 && stated && (stated == sum || stated == signed))
}
