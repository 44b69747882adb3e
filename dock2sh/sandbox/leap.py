"""The last word of a RUN's chain where no tool can be it: into the root and the directory, down to the user, the command.

    python -I -S leap.py ROOT DIRECTORY UID COMMAND...

nsenter of util-linux 2.41 wants a namespace to enter, and unshare is a call that docker's filter of system calls refuses.
"""

import os
import sys
from typing import NoReturn

_NOT_THERE, _NO_PROGRAM = 127, 126


def leap(root: str, directory: str, uid: int, command: list[str]) -> NoReturn:
    """Become the command. Its environment is the one that we were started with: Python adds a locale to its own (PEP 538)."""
    environment = _given()
    os.chroot(root)
    os.chdir(directory)
    os.setuid(uid)
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(_NOT_THERE if isinstance(error, FileNotFoundError) else _NO_PROGRAM)


def _given() -> dict[bytes, bytes]:
    with open("/proc/self/environ", "rb") as file:
        pairs = (word.partition(b"=") for word in file.read().split(b"\0")[:-1])
        return {name: value for name, _, value in pairs}


if __name__ == "__main__":
    leap(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
