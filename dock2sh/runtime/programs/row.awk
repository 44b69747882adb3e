# What `wanted` field stands in the first line of /etc/`table` whose `field` is `value` (entry.awk comes before this). To docker a line
# of the groups that begins with # is none.
function column(which) { return which == 3 || which == 4 ? number($which) : $which }
ENVIRON["table"] == "group" && /^#/ { next }
column(ENVIRON["field"]) "" == ENVIRON["value"] "" { print column(ENVIRON["wanted"]); exit }
