"""The last word of a RUN's chain where no tool can be it: into the root and the directory, down to the user, the command.

    python -I -S leap.py ROOT DIRECTORY UID NAME=VALUE... -- COMMAND...

nsenter of util-linux 2.41 wants a namespace to enter, and unshare is a call that docker's filter of system calls refuses. A
script on its own has Perl for it (runtime/programs/leap.pl); here is Python, whatever the machine has.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

_NOT_THERE, _NO_PROGRAM = 127, 126


def leap(root: str, directory: str, uid: int, environment: Sequence[str], command: Sequence[str]) -> NoReturn:
    """Become the command. Python's own environment does not count: it may have added a locale to it (PEP 538)."""
    os.chroot(root)
    os.chdir(directory)
    os.setuid(uid)
    try:
        os.execvpe(command[0], list(command), dict(pair.split("=", 1) for pair in environment))
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(_NOT_THERE if isinstance(error, FileNotFoundError) else _NO_PROGRAM)


if __name__ == "__main__":
    end = sys.argv.index("--")
    leap(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:end], sys.argv[end + 1 :])
