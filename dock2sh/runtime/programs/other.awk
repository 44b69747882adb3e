# Reads digests and paths as sha256sum prints them; prints the paths whose file is none that the record $sums (a digest, a path) has of it.
BEGIN { while ((getline line < ENVIRON["sums"]) > 0) known[substr(line, 1, 64), substr(line, 66)] = 1 }
!((substr($0, 1, 64), substr($0, 67)) in known) { print substr($0, 67) }
