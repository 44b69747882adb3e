#!/bin/sh
# A tool that fetches by rules of its own: what it gets is fixed by its own lock file or not at all.
. /dev/dock2sh/common
real "${0##*/}"
case ${0##*/}:${1-} in
npm:ci | npm:install | npm:i | npm:run | npm:test | npm:config | npm:--version | npm:-v) ;; # told by what it leaves
*:*version | *:-v | *:-V | *:help | *:--help | *:env | *:fmt | *:config) ;;
*) unlocked "${0##*/}" "$@" ;;
esac
exec "$real" "$@"
