# %XX of a URL's path as the bytes they mean.
{
    if (NR > 1) printf "\n"
    while (match($0, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
        high = index("0123456789abcdef", tolower(substr($0, RSTART + 1, 1))) - 1
        low = index("0123456789abcdef", tolower(substr($0, RSTART + 2, 1))) - 1
        printf "%s%c", substr($0, 1, RSTART - 1), high * 16 + low
        $0 = substr($0, RSTART + 3)
    }
    printf "%s", $0
}
END { printf "\n" }
