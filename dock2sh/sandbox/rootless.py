"""Root of one's own: a user namespace in which this user is 0 and his subordinate ids are the others (user_namespaces(7))."""

import os
import shutil
import subprocess
from typing import NamedTuple

from . import SandboxError, kernel


class Ranges(NamedTuple):
    """Subordinate ids, first and count of each range, of users and of groups."""

    users: list[tuple[int, int]]
    groups: list[tuple[int, int]]


def become_root() -> str:
    """This process becomes root of a user namespace, unless it is root. What that cannot do, in a sentence, or "".

    It must have no threads. Raises SandboxError if the kernel does not allow user namespaces here.
    """
    if os.geteuid() == 0:
        return ""
    _tell_podman()
    ranges = _ranges()
    if ranges.users and ranges.groups and shutil.which("newuidmap") and shutil.which("newgidmap"):
        _enter_with_ranges(ranges.users, ranges.groups)
        return ""
    _enter_alone()
    return (
        "there is one user in this sandbox, since newuidmap (package uidmap) or this user's ranges in /etc/subuid and "
        "/etc/subgid are missing: files of other owners and USER do not work"
    )


def alone() -> bool:
    """Whether there is one user here, who may set no groups: `become_root` without ranges."""
    try:
        with open("/proc/self/setgroups") as file:  # user_namespaces(7)
            return file.read().strip() == "deny"
    except FileNotFoundError:  # a kernel without user namespaces
        return False


def wanting() -> str:
    """Where this user namespace has not all ids: those that it has, and the cure, in a sentence; else ""."""
    users, groups = (_count(f"/proc/self/{kind}_map") for kind in ("uid", "gid"))
    if min(users, groups) > 1 << 31:
        return ""
    return (
        f"this user has {users} ids of users and {groups} of groups: give him wider ranges in /etc/subuid and /etc/subgid "
        "(usermod --add-subuids, --add-subgids), or be root"
    )


def _count(path: str) -> int:
    with open(path) as rows:  # FIRST-HERE FIRST-OUTSIDE COUNT (user_namespaces(7))
        return sum(int(row.split()[2]) for row in rows)


def _tell_podman() -> None:
    """For what is started from here on: podman (also buildah, skopeo) takes itself for the machine's root otherwise, and does not
    find this user's images. `podman unshare` sets the same."""
    os.environ.update(
        _CONTAINERS_USERNS_CONFIGURED="done", _CONTAINERS_ROOTLESS_UID=str(os.getuid()), _CONTAINERS_ROOTLESS_GID=str(os.getgid())
    )


def _enter_with_ranges(users: list[tuple[int, int]], groups: list[tuple[int, int]]) -> None:
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


def _map(program: str, number: int, own: int, extents: list[tuple[int, int]]) -> int:
    """0 is this user; then his ranges, one behind the other."""
    words, inside = [0, own, 1], 1
    for first, count in extents:
        words += [inside, first, count]
        inside += count
    return subprocess.run([program, *map(str, (number, *words))], check=False).returncode


def _enter_alone() -> None:
    uid, gid = os.getuid(), os.getgid()
    _unshare()
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _unshare() -> None:
    """The mounts, too: it is only on mounts of its own that root of a user namespace may mount (podman, for an image)."""
    try:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
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
    return Ranges(_listed("/etc/subuid", (name, str(uid))), _listed("/etc/subgid", (name, str(uid))))


def _listed(path: str, names: tuple[str, str]) -> list[tuple[int, int]]:
    """The ranges of a user, in their order: NAME:FIRST:COUNT (subuid(5))."""
    try:
        with open(path) as rows:
            found = [row.strip().split(":") for row in rows]
    except OSError:
        return []
    return [
        (int(row[1]), int(row[2]))
        for row in found
        if len(row) == 3 and row[0] in names and row[1].isdigit() and row[2].isdigit() and int(row[2])
    ]
