# What `wanted` field stands in the first line whose `field` is `value` (entry.awk comes before this).
function column(which) { return which == 3 || which == 4 ? number($which) : $which }
column(ENVIRON["field"]) "" == ENVIRON["value"] "" { print column(ENVIRON["wanted"]); exit }
