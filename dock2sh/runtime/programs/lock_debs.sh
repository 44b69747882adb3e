# Called by apt with the packages that dpkg is about to unpack, a file a line.
. /dev/dock2sh/common

# keep: the file, and its paragraph of a list for apt.
keep() {
    cp "$file" "$lock/step/debs/$sum.deb"
    {
        dpkg-deb -f "$file"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$sum.deb" "$(wc -c <"$file" | tr -d ' ')" "$sum"
    } >>"$lock/step/debs/Packages"
}

status=0
while IFS= read -r file; do
    name=$(dpkg-deb -f "$file" Package) version=$(dpkg-deb -f "$file" Version) architecture=$(dpkg-deb -f "$file" Architecture)
    sum=$(sha256sum <"$file") sum=${sum%% *}
    source=$(dpkg-deb -f "$file" Source) source=${source%% *}
    note "deb $name $architecture $version $sum ${source:-$name}"
    [ -z "$lock_records" ] || [ ! -d "$lock/step/debs" ] || keep
    locks deb || locks asks apt || continue
    found=
    while read -r kind its_name its_architecture its_version its_sum _; do
        [ "$kind $its_name $its_architecture" = "deb $name $architecture" ] || continue
        found=$its_version found_sum=$its_sum
    done <"$lock/lock"
    if [ -z "$found" ]; then
        deviates "apt takes $name $version, which is not locked" || status=1
    elif [ "$found" = '*' ]; then
        : # it may move
    elif [ "$found" != "$version" ]; then
        deviates "apt takes $name $version; locked is $found, which its archives do not have any more" || status=1
    elif [ "$found_sum" != "$sum" ] && [ "$found_sum" != - ]; then
        deviates "$name $version is not the file that was locked (sha256 $sum, locked is $found_sum)" || status=1
    fi
done
exit "$status"
