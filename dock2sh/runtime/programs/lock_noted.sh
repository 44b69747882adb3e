#!/bin/sh
# A tool that fetches by rules of its own: what it gets is fixed by its own lock file or not at all.
. /dev/dock2sh/common
real "${0##*/}"

# steer: the list that npm made here when it was locked, if there is none.
steer() {
    while read -r kind number path; do
        [ "$kind $path" != "file $PWD/package-lock.json" ] || [ -e package-lock.json ] || cat "$lock/text.$number" >package-lock.json
    done <"$lock/lock"
}

# held_npm NAME: sets `version` to the locked one of what is named, here, or where -g puts it.
held_npm() {
    version=
    while read -r kind path its_version; do
        case $kind:$path in
        npm:*/node_modules/*/node_modules/*) ;;
        "npm:$PWD/node_modules/$1") version=$its_version && return ;;
        npm:*"/node_modules/$1") version=$its_version ;;
        esac
    done <"$lock/lock"
}

# exact COMMAND WORD...: what is named without a version is the newest to npm, whatever its list says.
exact() {
    command=$1
    shift
    for word; do
        shift
        version=
        case $word in -* | .* | /* | *:* | *[!@]*@*) ;; *) held_npm "$word" ;; esac
        set -- "$@" "$word${version:+@$version}"
    done
    "$real" "$command" "$@"
}

case ${0##*/}:${1-} in
npm:ci) steer ;; # told by what it leaves
npm:install | npm:i | npm:add)
    steer
    exact "$@"
    status=$?
    [ "$lock_mode" = prefer ] && [ "$status" -ne 0 ] || exit "$status" ;; # prefer: as it is
npm:run | npm:test | npm:config | npm:--version | npm:-v | gem:install | gem:i | gem:update | gem:list | gem:sources | gem:uninstall) ;;
*:*version | *:-v | *:-V | *:help | *:--help | *:env | *:fmt | *:config) ;;
*) unlocked "${0##*/}" "$@" ;;
esac
exec "$real" "$@"
