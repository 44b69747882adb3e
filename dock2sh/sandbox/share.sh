# Shares a tree with a virtual machine:  unshare -m sh share.sh TOP VIRTIOFSD FD, in a mount namespace that ends with it. What the
# tree is made of is on standard input, NUL after each word:  rw|ro FROM PLACE, a directory of this machine at TOP/PLACE. Whatever the
# guest does as its root, it gets nowhere else, and what is `ro` stays as it is.

set -e
top=$1 server=$2 listener=$3

# quoted words, one a line, for `eval`: a path may have blanks and newlines in it
words=$(tr '\n\0' '\001\n' | sed "s/'/'\\\\''/g; s/^/'/; s/\$/'/" | tr '\001' '\n')

places() {
    while [ $# -gt 0 ]; do
        mount --bind "$2" "$top/$3"
        [ "$1" = rw ] || mount -o remount,bind,ro "$top/$3"
        shift 3
    done
}

mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=1m dock2sh "$top"
mkdir "$top/root" "$top/bags"
eval "places $(printf '%s\n' "$words" | tr '\n' ' ')"
# The server holds a descriptor for each file that the guest knows. It asks for a million itself; where it may not have so many, the
# guest must not know a file because it was listed (readdirplus) before it can forget others: see `forget` in guest.sh.
# shellcheck disable=SC3045 # POSIX has neither -S nor -H; dash, bash and busybox ash have both
files=$(ulimit -H -n) && ulimit -S -n "$files"
listing=
[ "$files" = unlimited ] || [ "$files" -ge 200000 ] || listing=,no_readdirplus
exec "$server" "--fd=$listener" -o "source=$top,cache=always,xattr,announce_submounts,sandbox=namespace$listing" </dev/null
