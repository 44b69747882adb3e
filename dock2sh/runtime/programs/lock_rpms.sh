# What rpm has installed, in the database $1 or else its own: rpm NAME ARCH EPOCH:VERSION-RELEASE SHA256. The last is that of the
# header, which rpm before 4.14 does not know. Keys (gpg-pubkey) are no packages.
form='rpm %{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}'
told=$(rpm ${1:+--dbpath "$1"} -qa --qf "$form %{SHA256HEADER}\n" 2>/dev/null)
[ -n "$told" ] || told=$(rpm ${1:+--dbpath "$1"} -qa --qf "$form -\n" 2>/dev/null)
printf '%s\n' "$told" | while read -r kind name architecture version sum; do
    case $name in gpg-pubkey | '') continue ;; esac
    [ "$sum" != '(none)' ] || sum=-
    printf '%s\n' "$kind $name $architecture $version $sum"
done
