# Reads the record of a machine's changes, and prints what of it is to be taken back: not what is in the file $changed, nor, where the
# database of packages is (the file $stays is not empty then), what belongs to packages.
BEGIN {
    while ((getline line < ENVIRON["changed"]) > 0) out[line] = 1
    while ((getline line < ENVIRON["stays"]) > 0) { out[line] = 1; packages = 1 }
}
{ path = substr($0, 3); sub(/\/$/, "", path) }
packages && path ~ /^\/(var\/lib\/dpkg|var\/lib\/rpm|usr\/lib\/sysimage\/rpm|(usr\/)?lib\/apk|etc\/alternatives)\// { next }
!(path in out)
