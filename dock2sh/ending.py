"""Commands that end with us."""

import shutil


def with_us() -> list[str]:
    """The words that begin a command which hears SIGTERM when we are gone, also by a SIGKILL (prctl(2), PR_SET_PDEATHSIG); none
    where there is no setpriv."""
    return ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
