# Of the headers of HTTP answers (several after redirections, the last one counts): prints the seconds of Last-Modified, or 0
# without one that can be read; or the status and fails when it is not 200 to 399.
function seconds(text,    part, month, day, year, era, days) {
    # Wed, 21 Oct 2015 07:28:00 GMT; days from the civil date, years begin in March
    if (split(text, part, /[ :]+/) < 7 || part[8] !~ /^(GMT|UTC)?$/) return 0
    month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", part[3]) + 2) / 3
    if (part[3] !~ /^[A-Z][a-z][a-z]$/ || month != int(month) || part[4] !~ /^[0-9][0-9][0-9][0-9]$/) return 0
    year = month > 2 ? part[4] : part[4] - 1
    days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5)
    return (days + part[2] - 1 - 719468) * 86400 + part[5] * 3600 + part[6] * 60 + part[7]
}
{ sub(/\r$/, ""); sub(/^[ \t]+/, "") }
/^(wget: server returned error: )?HTTP\/[0-9.]+ [0-9]/ {
    sub(/^wget: server returned error: /, "")
    status = $2
    modified = 0
}
tolower($1) == "last-modified:" { sub(/^[^:]*: */, ""); modified = seconds($0) }
END {
    if (status < 200 || status >= 400) {
        if (status) print status
        exit 1
    }
    printf "%.0f\n", modified
}
