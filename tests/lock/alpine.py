"""Packages and repositories of Alpine's, as apk reads them, and a root with apk in it, made here: nothing of Alpine's can be had.

apk itself is not in Debian: DOCK2SH_APK names one (static: `apk.static` of apk-tools), else `apk.static` or `apk` in PATH counts.
"""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

_BEGIN = 1761991200


def apk() -> str:
    """Its path, or "" if there is none here."""
    return os.environ.get("DOCK2SH_APK") or shutil.which("apk.static") or shutil.which("apk") or ""


def package(folder: Path, name: str, version: str, needs: str = "", script: str = "") -> Path:
    """NAME-VERSION.apk, without a signature: a tar of what is told of it (cut before its end), and one of its files."""
    folders = {"usr": None, "usr/share": None, f"usr/share/{name}": None}
    data = _gzip(_tar({**folders, f"usr/share/{name}/version": f"{version}\n"}))
    about = {"pkgname": name, "pkgver": version, "pkgdesc": name, "arch": "x86_64", "size": "1", "license": "none", "url": "none"}
    about |= {"origin": name, "builddate": str(_BEGIN), "depend": needs, "datahash": hashlib.sha256(data).hexdigest()}
    control = {".PKGINFO": "".join(f"{key} = {value}\n" for key, value in about.items() if value)}
    control |= {".post-install": script} if script else {}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.apk"
    path.write_bytes(_gzip(_tar(control, 0o755, whole=False)) + data)
    return path


def index(folder: Path) -> None:
    """APKINDEX.tar.gz of what is in the folder, as `apk index` makes it."""
    files = sorted(path.name for path in folder.glob("*.apk"))
    (folder / "APKINDEX.tar.gz").unlink(missing_ok=True)
    command = [apk(), "index", "--allow-untrusted", "-o", "APKINDEX.tar.gz", *files]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def root(folder: Path, repository: str) -> None:
    """A root of busybox's and apk's, which asks `repository`."""
    for name in ("bin", "etc/apk", "lib/apk/db", "var/cache/apk", "var/log", "tmp", "usr/share"):
        (folder / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "", folder / "bin/busybox")
    for name in (
        "sh",
        "cat",
        "ls",
        "echo",
        "wget",
        "awk",
        "mkdir",
        "rm",
        "sed",
        "sort",
        "sha256sum",
        "grep",
        "cp",
        "true",
        "false",
        "tr",
    ):
        (folder / "bin" / name).symlink_to("busybox")
    (folder / "sbin").mkdir()
    shutil.copy(apk(), folder / "sbin/apk")
    (folder / "etc/apk/arch").write_text("x86_64\n")
    (folder / "etc/apk/world").write_text("")
    (folder / "etc/apk/repositories").write_text(f"{repository}\n")
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    for name in ("lib/apk/db/installed", "lib/apk/db/triggers"):
        (folder / name).write_text("")


def _tar(files: Mapping[str, str | None], mode: int = 0o644, whole: bool = True) -> bytes:
    """None is a directory; not `whole` is without the blocks that end it, which is what may be continued."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, text in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mtime, about.mode = len((text or "").encode()), _BEGIN, mode if text else 0o755
            about.pax_headers = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(text.encode()).hexdigest()} if text and whole else {}
            about.type = tarfile.DIRTYPE if text is None else tarfile.REGTYPE
            tar.addfile(about, io.BytesIO((text or "").encode()))
        length = tar.offset
    return data.getvalue() if whole else data.getvalue()[:length]


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
