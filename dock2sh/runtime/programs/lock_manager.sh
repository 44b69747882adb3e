#!/bin/sh
# A package manager that has no hook of ours: it may bring curl, wget or git, or take them away.
. /dev/dock2sh/common
real "${0##*/}"
"$real" "$@"
status=$?
sh "$lock/shims"
exit "$status"
