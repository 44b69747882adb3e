# Reads the record of a machine's changes, and prints what of it is to be taken back: not what is in the file $changed, nor what lies in a
# directory of the file $apart, nor, where the database of packages is (the file $stays is not empty then), what belongs to packages.
BEGIN {
    while ((getline line < ENVIRON["apart"]) > 0) apart[line] = 1
    while ((getline line < ENVIRON["changed"]) > 0) out[line] = 1
    while ((getline line < ENVIRON["stays"]) > 0) { out[line] = 1; packages = 1 }
}
{ path = place = substr($0, 3); sub(/\/$/, "", path); sub(/\/*$/, "", place); sub(/\/[^\/]*$/, "", place) }
place in apart { next }
packages && path ~ /^\/(var\/lib\/dpkg|var\/lib\/rpm|usr\/lib\/sysimage\/rpm|(usr\/)?lib\/apk|etc\/alternatives)\// { next }
!(path in out)
