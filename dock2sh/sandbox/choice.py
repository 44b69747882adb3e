"""The sandboxes by their names, as `--sandbox` has them."""

from . import Sandbox, SandboxError

NAMES = ("namespaces", "docker", "podman", "vm")


def choose(name: str, privileged: bool = False, kernel: str = "") -> Sandbox | None:
    """The sandbox of that name, if it can be had here; None for the emulator's own namespaces. Raises SandboxError."""
    if name == "namespaces":
        return None
    found = _called(name, privileged, kernel)
    if trouble := found.trouble():
        raise SandboxError(trouble)
    return found


def _called(name: str, privileged: bool, kernel: str) -> Sandbox:
    if name == "vm":
        from .vm import Vm

        return Vm(kernel)
    if name == "docker":
        from .docker import Docker

        return Docker(privileged)
    from .podman import Podman

    return Podman(privileged)
