# What somebody else has changed since a script put it there. The record of a machine has, in `sums`, a digest and a path for each file
# that was put, or is about to be: a run may have been killed. In `shared` are the paths of what others had changed, and a step has changed after them
# (/etc/passwd): what was there before all steps is not to come back.

# since_changed RECORD DIR: DIR/changed gets the paths of what is not as it was put there. What is gone is not changed. (A symbolic link
# that is changed is made anew: `links` has the length and the time of each.)
since_changed() {
    {
        since_paths "$1" | xargs -0 -r sh -c 'find "$@" -prune -type f -exec sha256sum {} +' sh 2>/dev/null |
            record=$1/sums LC_ALL=C awk "$(program_other)"
        since_paths "$1" | xargs -0 -r sh -c 'find "$@" -prune -type l -exec stat -c "%s:%Y %n" {} +' sh 2>/dev/null |
            record=$1/links LC_ALL=C awk "$(program_other)"
        ! [ -f "$1/shared" ] || tr '\n' '\0' <"$1/shared" | xargs -0 -r sh -c 'find "$@" -prune' sh 2>/dev/null
    } | LC_ALL=C sort -u >"$2/changed"
}

# since_paths RECORD: the names of all that was put, a NUL after each.
since_paths() {
    for since_next in "$1/sums" "$1/links"; do
        ! [ -f "$since_next" ] || sed 's/^[^ ]* //' "$since_next"
    done | LC_ALL=C sort -u | tr '\n' '\0'
}

# since_apart ROOT RECORD LIST: prints the directories of the paths in LIST that a symbolic link leads to by now, which is none of ours: who
# owns the directory above may have put one there, and what it leads to is not to be touched.
since_apart() {
    since_root=$(cd -P "$1/" && pwd -P)
    sed 's|/*$||; s|/[^/]*$||' "$3" | LC_ALL=C sort -u | while IFS= read -r since_next; do
        [ ! -d "$1$since_next" ] || [ "$(cd -P "$1$since_next/" && pwd -P)" = "${since_root%/}$since_next" ] ||
            since_link "$1" "$2" "$since_next" || printf '%s\n' "$since_next"
    done
}

# since_link ROOT RECORD PATH: are the links on the way to it as we have put them?
since_link() {
    since_way=$3
    while [ -n "$since_way" ]; do
        [ ! -L "$1$since_way" ] || grep -qxF "$(stat -c %s:%Y "$1$since_way") $since_way" "$2/links" 2>/dev/null || return 1
        since_way=${since_way%/*}
    done
}

# since_database LIST: is a database of packages among the paths of the file LIST? Then a package manager has been at work.
since_database() {
    grep -q -x -e '/var/lib/dpkg/status' -e '/lib/apk/db/installed' -e '/usr/lib/apk/db/installed' -e '/var/lib/rpm/[^/]*' \
        -e '/usr/lib/sysimage/rpm/[^/]*' "$1"
}

# package_paths LIST: prints what belongs to installed packages, but for those whose names are in LIST. (Where /bin is a link to /usr/bin
# the lists of packages may have either.)
package_paths() {
    {
        ! [ -d /var/lib/dpkg/info ] || without=$1 LC_ALL=C awk '
            BEGIN { while ((getline line < ENVIRON["without"]) > 0) without[line] = 1 }
            FNR == 1 { name = FILENAME; sub(/.*\//, "", name); sub(/(:[^:]*)?[.]list$/, "", name) }
            !(name in without)' /var/lib/dpkg/info/*.list
        ! [ -f /lib/apk/db/installed ] || LC_ALL=C awk '
            BEGIN { FS = ":" } $1 == "F" { place = $2 } $1 == "R" { print "/" place "/" $2 }' /lib/apk/db/installed
        ! { [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; } || rpm -qal 2>/dev/null
    } | awk '{ print } /^\/(bin|sbin|lib[^\/]*)\// { print "/usr" $0 }'
}

# packages_in ROOT: prints the names of the packages that are installed there, sorted.
packages_in() {
    {
        ! [ -f "$1/var/lib/dpkg/status" ] ||
            awk '/^Package:/ { name = $2 } /^Status:.* installed$/ { print name }' "$1/var/lib/dpkg/status"
        ! [ -f "$1/lib/apk/db/installed" ] || sed -n 's/^P://p' "$1/lib/apk/db/installed"
        ! { [ -d "$1/var/lib/rpm" ] || [ -d "$1/usr/lib/sysimage/rpm" ]; } || rpm --root "${1:-/}" -qa --qf '%{NAME}\n' 2>/dev/null
    } | LC_ALL=C sort -u
}
