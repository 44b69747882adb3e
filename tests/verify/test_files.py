"""Rules of files that no recorded case can hold: sockets, modes of secrets, attributes that only the kernel's owner may set."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.docker]

_BIND = "use Socket; socket S, AF_UNIX, SOCK_STREAM, 0; bind S, sockaddr_un shift or die; chmod 0754, shift"
FILES = {
    "a socket of a stage is an empty file": (
        f"FROM debian:12 AS a\nRUN mkdir /s && perl -e '{_BIND}' /s/x /s/x && chown 5:6 /s/x\n"
        "FROM busybox\nCOPY --from=a /s/ /s/\n"
    ),
    "a secret has of a mode what 0777 has": (
        "FROM busybox\nRUN --mount=type=secret,id=s,mode=2755 --mount=type=secret,id=s,target=/t,mode=0 "
        "stat -c %a /run/secrets/s /t >/modes\n"
    ),
    "an archive's trusted attributes": "FROM busybox\nADD a.tar /x/\nADD --chown=5 a.tar /y/\n",
}


def attributed(path: Path) -> None:
    """An archive of a file with an attribute of the kernel's owner, and one of anybody's."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("f")
        member.size, member.mtime = 1, 1500000000
        member.pax_headers = {"SCHILY.xattr.trusted.x": "1", "SCHILY.xattr.user.y": "2"}
        tar.addfile(member, io.BytesIO(b"f"))


@pytest.mark.parametrize("sandbox", ["namespaces", "none"])
@pytest.mark.parametrize("what", FILES)
def test_as_docker_makes_them(engine: str, what: str, sandbox: str, tmp_path: Path) -> None:
    context = tmp_path / f"d2s-files-{abs(hash((what, sandbox)))}"  # BuildKit tells contexts apart by this name, too
    context.mkdir()
    (context / "Dockerfile").write_text(FILES[what])
    attributed(context / "a.tar")
    (tmp_path / "secret").write_text("s3cret")
    words = ["verify", "--sandbox", sandbox, "--secret", f"id=s,src={tmp_path}/secret", str(context)]
    done = subprocess.run([sys.executable, "-m", "dock2sh", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:9]) == (0, "IDENTICAL"), done.stdout + done.stderr
