# Of an unpacked archive: the directories that it has no member for (`what` is implied), or all the other entries.
# Input: the directories (./name, one a line), an empty line, all entries. The file `names` has the members, ./name or ./name/.
BEGIN { while ((getline line < ENVIRON["names"]) > 0) if (sub(/\/$/, "", line)) member[line] }
!all && $0 == "" { all = 1; next }
!all { if (!($0 in member)) implied[$0] }
all { if (($0 in implied) == (ENVIRON["what"] == "implied")) print }
