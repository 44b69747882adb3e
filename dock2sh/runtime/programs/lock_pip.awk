# What pip has fetched, out of its log and its reports: `fetched FILE SHA256 URL`. An index tells each file's digest in the link to it,
# or in an answer of JSON, which the reports repeat; pip has compared what it fetched with that.
/^ *"url": "[^"]*",?$/ {
    match($0, /: "[^"]*"/)
    file = substr($0, RSTART + 3, RLENGTH - 4)
    sub(/[#?].*/, "", file)
    whole = file
    sub(/.*\//, "", file)
    reported = file
    url[file] = whole
}
/^ *"sha256": "[0-9a-f]*",?$/ && reported != "" {
    match($0, /: "[0-9a-f]*"/)
    digest[reported] = substr($0, RSTART + 3, RLENGTH - 4)
    reported = ""
}
{
    rest = $0
    while (match(rest, /[^ ]+#sha256=[0-9a-f]+/)) {
        link = substr(rest, RSTART, RLENGTH)
        at = index(link, "#")
        file = whole = substr(link, 1, at - 1)
        sub(/.*\//, "", file)
        digest[file] = substr(link, at + 8)
        if (!(file in url)) url[file] = whole
        rest = substr(rest, RSTART + RLENGTH)
    }
}
/(Downloading|Using cached|Processing) [^ ]+\.(whl|tar\.gz|zip|tar\.bz2)/ {
    match($0, /(Downloading|Using cached|Processing) [^ ]+/)
    split(substr($0, RSTART, RLENGTH), word, " ")
    file = word[length(word)]
    sub(/.*\//, "", file)
    sub(/[#?].*/, "", file)
    fetched[++count] = file
}
END {
    for (i = 1; i <= count; i++) if (!(fetched[i] in told)) {
        told[fetched[i]] = 1
        print "fetched", fetched[i], fetched[i] in digest ? digest[fetched[i]] : "-", fetched[i] in url ? url[fetched[i]] : "-"
    }
}
