"""Root of one's own: a user namespace in which this user is 0 and his subordinate ids are the others (user_namespaces(7))."""

import os
import shutil
import subprocess
from typing import NamedTuple

from . import SandboxError, kernel


class Ranges(NamedTuple):
    """Subordinate ids, first and count, of users and of groups; None where the user has none."""

    users: tuple[int, int] | None
    groups: tuple[int, int] | None


def become_root() -> str:
    """This process becomes root of a user namespace, unless it is root. What that cannot do, in a sentence, or "".

    It must have no threads. Raises SandboxError if the kernel does not allow user namespaces here.
    """
    if os.geteuid() == 0:
        return ""
    ranges = _ranges()
    if ranges.users and ranges.groups and shutil.which("newuidmap") and shutil.which("newgidmap"):
        _enter_with_ranges(ranges.users, ranges.groups)
        return ""
    _enter_alone()
    return (
        "there is one user in this sandbox, since newuidmap (package uidmap) or this user's ranges in /etc/subuid and "
        "/etc/subgid are missing: files of other owners and USER do not work"
    )


def _enter_with_ranges(users: tuple[int, int], groups: tuple[int, int]) -> None:
    """The maps are written by setuid programs, from outside: a child that waits until the namespace is there."""
    wait, go = os.pipe()
    uid, gid, number = os.getuid(), os.getgid(), os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(go)
        os.read(wait, 1)
        wrong = _map("newuidmap", number, uid, users) or _map("newgidmap", number, gid, groups)
        os._exit(1 if wrong else 0)
    os.close(wait)
    try:
        _unshare()
    finally:
        os.close(go)
        _, status = os.waitpid(helper, 0)
    if status:
        raise SandboxError("newuidmap refuses this user's ranges in /etc/subuid and /etc/subgid: see what it says")


def _map(program: str, number: int, own: int, extent: tuple[int, int]) -> int:
    command = [program, str(number), "0", str(own), "1", "1", str(extent[0]), str(extent[1])]
    return subprocess.run(command, check=False).returncode


def _enter_alone() -> None:
    uid, gid = os.getuid(), os.getgid()
    _unshare()
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _unshare() -> None:
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
    except OSError as error:
        raise SandboxError(
            f"this kernel lets no ordinary user make a user namespace ({error.strerror}): be root, or allow it "
            "(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces)"
        ) from error


def _ranges() -> Ranges:
    import pwd

    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Ranges(_range("/etc/subuid", (name, str(uid))), _range("/etc/subgid", (name, str(uid))))


def _range(path: str, names: tuple[str, str]) -> tuple[int, int] | None:
    """The first range of a user: NAME:FIRST:COUNT (subuid(5))."""
    try:
        with open(path) as rows:
            for row in rows:
                owner, _, extent = row.strip().partition(":")
                first, _, count = extent.partition(":")
                if owner in names and first.isdigit() and count.isdigit():
                    return int(first), int(count)
    except OSError:
        pass
    return None
