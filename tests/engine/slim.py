#!/usr/bin/env python3
"""slim.py FULL.tar SLIM.tar leaves out what Debian's `-slim` images leave out: documentation, manuals, translations."""

import re
import sys
import tarfile

DROP = re.compile(r"\./usr/share/(doc|info|man|locale|lintian|linda|groff)/.")
KEEP = re.compile(r"\./usr/share/(doc/([^/]+/(copyright)?)?|locale/(locale\.alias|C.*)|man/man\d/?)$")

if __name__ == "__main__":
    with tarfile.open(sys.argv[1]) as full, tarfile.open(sys.argv[2], "w", format=tarfile.PAX_FORMAT) as slim:
        for member in full:
            if not DROP.match(member.name) or KEEP.match(member.name):
                slim.addfile(member, full.extractfile(member) if member.isreg() else None)
