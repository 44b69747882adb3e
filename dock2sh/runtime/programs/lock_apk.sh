#!/bin/sh
# apk as it is; but strict first asks it what it would bring (--simulate), so that nothing runs that is not as it was locked.
. /dev/dock2sh/common
real apk
brings='' elsewhere='' virtual='' fresh=''

words() {
    while [ $# -gt 0 ]; do
        case $1 in
        add | upgrade | fix) brings=yes ;;
        -p | --root | --root=*) elsewhere=yes ;;
        --update-cache | --update | -[!-]*U* | -U*) fresh=--no-cache ;;
        -t | --virtual) virtual=${2-} ;;
        --virtual=*) virtual=${1#*=} ;;
        esac
        shift
    done
    virtual=${virtual%%[=<>~]*}
}

installed() {
    cat /lib/apk/db/installed /usr/lib/apk/db/installed 2>/dev/null | awk -f "$lock/installed"
}

# planned WORD...: NAME VERSION of each package that it would bring. Where it may not write it updates no list, but fetches one that
# it does not keep.
planned() {
    "$real" "$@" --simulate -v $fresh 2>/dev/null | sed -n '/) Purging /d
        s/^( *[0-9]*\/[0-9]*) [^(]* \([^ @]*\)[^ ]* (\(.* -> \)\{0,1\}\([^ ]*\))$/\1 \3/p'
}

# held_apk NAME: sets `found` to the locked version, * where it may move.
held_apk() {
    found=
    while read -r kind its_name _ its_version _; do
        [ "$kind $its_name" != "apk $1" ] || found=$its_version
    done <"$lock/lock"
}

# as_locked: is what stands in $plan?
as_locked() {
    status=0
    while read -r name version; do
        held_apk "$name"
        if [ "$name" = "$virtual" ] || [ "$found" = '*' ] || [ "$found" = "$version" ]; then
            continue
        elif [ -z "$found" ]; then
            deviates "apk takes $name $version, which is not locked" || status=1
        else
            deviates "apk takes $name $version; locked is $found, which its repositories do not have any more" || status=1
        fi
    done <"$plan"
    rm -f "$plan"
    return "$status"
}

words "$@"
if [ -n "$brings" ] && [ -n "$elsewhere" ]; then
    unlocked apk "$@"
elif [ -n "$brings" ] && [ "$lock_mode" = strict ] && { locks apk || locks asks apk; }; then
    plan=$lock/step/apk.$$
    planned "$@" >"$plan"
    as_locked || exit 1
fi
noting "$@"
