#!/bin/sh
# pip as it is, with a report of its own: several in one step would write the same one, and an index that answers in JSON tells
# no digest in pip's log.
. /dev/dock2sh/common
real "${0##*/}"
PIP_REPORT=$lock/step/report.$$
export PIP_REPORT
exec "$real" "$@"
