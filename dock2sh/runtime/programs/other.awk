# Reads what things are (a digest, or the like) and their paths, as sha256sum prints them; prints the paths of those that the file $record
# has otherwise only, or not at all.
{ what = $1; path = $0; sub(/^[^ ]* [ *]?/, "", path) }
BEGIN { while ((getline line < ENVIRON["record"]) > 0) known[line] = 1 }
!((what " " path) in known) { print path }
