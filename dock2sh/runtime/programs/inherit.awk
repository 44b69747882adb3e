# Reads lines of what is taken back (kind, place, path, tabs between); prints those names (./name) that are kept at $place and that the
# step has changed on what was there then (the file $lines).
function bare(path) { sub(/\/$/, "", path); return path }
BEGIN { while ((getline line < ENVIRON["lines"]) > 0) changed[bare(substr(line, 3))] = 1 }
{
    path = substr($0, 3)
    at = index(path, "\t")
    place = substr(path, 1, at - 1)
    path = bare(substr(path, at + 1))
}
place == ENVIRON["place"] && path in changed { print "." path }
