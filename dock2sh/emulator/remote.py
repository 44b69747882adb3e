"""What lies behind a URL or in a repository: whether it is another than it was, asked without fetching it."""

import os
from collections.abc import Sequence
from itertools import pairwise

from dock2sh.model import Fetch

# as the script's own git (runtime/git.sh): it never asks anybody, and has no keys but the agent's
_SSH = (
    "ssh -F /dev/null -o BatchMode=yes -o IdentityFile=/dev/null -o StrictHostKeyChecking=accept-new "
    "-o 'UserKnownHostsFile=/dev/null ~/.ssh/known_hosts'"
)


def default_agent(options: Sequence[str]) -> str:
    """The socket that a script's `--ssh default[=SOCKET]` gives it, or ""."""
    given = [value for flag, value in pairwise(options) if flag == "--ssh"]
    names = [value.partition("=") for value in given if value.partition("=")[0] == "default"]
    return (names[-1][2] or os.environ.get("SSH_AUTH_SOCK", "")) if names else ""


def state_of(step: Fetch, agent: str) -> str:
    """What tells whether the content behind a URL is another one; something new each time where nothing does."""
    if step.checksum:
        return step.checksum
    answer = _commit(step, agent) if step.git else _validators(step.source)
    return answer or os.urandom(16).hex()


def _commit(step: Fetch, agent: str) -> str:
    """The commit that a ref is now."""
    import subprocess

    assert step.git
    command = ["git", "ls-remote", "--", step.source, step.git.ref or "HEAD"]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": _SSH, "SSH_AUTH_SOCK": agent}
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.split("\t")[0] if done.returncode == 0 else ""


def _validators(url: str) -> str:
    """ETag, or Last-Modified and size, as BuildKit asks for them (source/http)."""
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, method="HEAD"), timeout=60) as response:
            headers = response.headers
            return headers.get("ETag") or " ".join(filter(None, (headers.get("Last-Modified"), headers.get("Content-Length"))))
    except (OSError, ValueError):
        return ""
