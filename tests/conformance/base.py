"""The base image `busybox` of the recorded cases: busybox-static, a link per applet, and the accounts of busybox's image."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

MTIME = 1700000000
_IMAGE = Path(__file__).parent.parent / "engine/image.py"
HISTORY = "home-made busybox"
DIRECTORIES = ("bin", "dev", "etc", "home", "lib", "root", "sbin", "tmp", "usr", "usr/bin", "usr/sbin", "var", "var/spool",
               "var/spool/mail", "var/www")  # fmt: skip
PASSWD = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUPS = {
    "root": 0, "daemon": 1, "bin": 2, "sys": 3, "adm": 4, "tty": 5, "disk": 6, "lp": 7, "mail": 8, "kmem": 9, "wheel": 10,
    "cdrom": 11, "dialout": 18, "floppy": 19, "video": 28, "audio": 29, "tape": 32, "www-data": 33, "operator": 37, "utmp": 43,
    "plugdev": 46,
    "staff": 50, "lock": 54, "netdev": 82, "users": 100, "nobody": 65534,
}  # fmt: skip
GROUP = "".join(f"{name}:x:{gid}:{'root' if name == 'wheel' else ''}\n" for name, gid in GROUPS.items())
# Debian builds busybox without adduser; the probes use `adduser -D NAME`
ADDUSER = """\
#!/bin/sh
for name; do :; done
id=$(awk -F: '$3 >= 1000 && $3 < 60000 && $3 >= next_id { next_id = $3 + 1 } END { print next_id ? next_id : 1000 }' /etc/passwd)
printf '%s:x:%s:\\n' "$name" "$id" >>/etc/group
case $0 in *addgroup) exit ;; esac
printf '%s:x:%s:%s:Linux User,,,:/home/%s:/bin/sh\\n' "$name" "$id" "$id" "$name" >>/etc/passwd
mkdir -p "/home/$name" && chown "$id:$id" "/home/$name"
"""


def make(path: Path) -> None:
    """Write the root file system as a tar: the same bytes for the same busybox."""
    busybox = shutil.which("busybox")
    assert busybox, "busybox is not installed: apt-get install busybox-static"
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    with tarfile.open(path, "w") as tar:
        for name in DIRECTORIES:
            _add(tar, name, tarfile.DIRTYPE, {"tmp": 0o1777, "root": 0o700}.get(name, 0o755))
        _add(tar, "bin/busybox", tarfile.REGTYPE, 0o755, Path(busybox).read_bytes())
        for applet in applets:
            if applet not in ("busybox", "adduser", "addgroup"):
                _add(tar, f"bin/{applet}", tarfile.SYMTYPE, 0o777, link="busybox")
        for name, content, mode in (
            ("bin/adduser", ADDUSER, 0o755),
            ("bin/addgroup", ADDUSER, 0o755),
            ("etc/passwd", PASSWD, 0o644),
            ("etc/group", GROUP, 0o644),
            ("etc/shadow", "root:*::0:::::\n", 0o600),
            ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", 0o644),
        ):
            _add(tar, name, tarfile.REGTYPE, mode, content.encode())


def archive(rootfs: Path, path: Path, name: str) -> None:
    """Write the root file system as an image called `name`, in a docker archive, as the recorded one was."""
    with open(path, "wb") as out:
        subprocess.run([sys.executable, _IMAGE, rootfs, "sh", name], check=True, stdout=out)


def _add(tar: tarfile.TarFile, name: str, kind: bytes, mode: int, content: bytes = b"", *, link: str = "") -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime, info.size, info.linkname = kind, mode, MTIME, len(content), link
    tar.addfile(info, io.BytesIO(content))
