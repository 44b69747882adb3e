"""A RUN that goes the script's own way where nsenter is that of util-linux 2.41 (Debian 13): it refuses to enter no namespace."""

import re
from pathlib import Path

import pytest
from building import Emulate

pytestmark = pytest.mark.root

_REFUSES = "#!/bin/sh\necho 'nsenter: no namespace specified' >&2\nexit 1\n"
# in a mount namespace of its own the fake lies on the machine's nsenter
_WITH = 'fake=$1; shift; mount --bind "$fake" "$(command -v nsenter)" && exec "$@"'

TOLD = """FROM busybox
ENV A="x  y" LC_ALL=tr_TR Z=
WORKDIR /w/d
USER www-data
RUN --mount=type=cache,target=/c,uid=33 { id; pwd; env | sort; umask; grep -E 'Cap|Seccomp:|NoNew' /proc/self/status; } >/tmp/told
"""
UNSTARTED = "FROM busybox\nRUN --mount=type=cache,target=/c {}\n"


@pytest.fixture
def newer(tmp_path: Path) -> tuple[str, ...]:
    """Words before dock2sh's own that put the other nsenter into place."""
    fake = tmp_path / "nsenter"
    fake.write_text(_REFUSES)
    fake.chmod(0o755)
    return ("unshare", "-m", "sh", "-c", _WITH, "sh", str(fake))


def test_a_step_sees_the_same(emulate: Emulate, newer: tuple[str, ...], tmp_path: Path) -> None:
    told = []
    for number, before in enumerate([(), newer]):
        done = emulate(TOLD, "--no-cache", "-o", tmp_path / f"out{number}", before=before)
        assert done.returncode == 0, done.stderr
        told.append((tmp_path / f"out{number}/rootfs/tmp/told").read_text())
    assert "\n/w/d\nA=x  y\n" in told[0]
    assert told[0] == told[1]


@pytest.mark.parametrize("command", ['["nope"]', '["/etc"]', "exit 7"])
def test_how_it_fails_is_the_same(emulate: Emulate, newer: tuple[str, ...], command: str) -> None:
    codes = [
        re.findall(r"exit code: \d+", emulate(UNSTARTED.format(command), "--no-cache", before=before).stderr)
        for before in ((), newer)
    ]
    assert codes[0]
    assert codes[0] == codes[1]
