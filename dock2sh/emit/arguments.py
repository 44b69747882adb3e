"""The arguments of the script's words (docs/script.md), quoted."""

from dock2sh.dockerfile.deferred import Deferred
from dock2sh.emit.quoting import assignment, quote
from dock2sh.model import Copy, Fetch, Mount


def of_mount(mount: Mount) -> list[str]:
    """`with TYPE K=V...`: only what differs from the type's defaults."""
    pairs = [("target", mount.target), ("source", "" if mount.source == "/" else mount.source), ("from", mount.origin)]
    pairs += [("id", mount.id), ("sharing", mount.sharing if mount.sharing != "shared" else "")]
    pairs += [("mode", f"{mount.mode:04o}" if mount.mode is not None else "")]
    pairs += [(key, str(value)) for key, value in (("uid", mount.uid), ("gid", mount.gid)) if value is not None]
    pairs += [("size", str(mount.size) if mount.size else ""), ("required", "true" if mount.required else "")]
    if mount.type in ("bind", "cache", "tmpfs"):
        pairs.append(("readonly", "true" if mount.readonly else "" if mount.type != "bind" else "false"))
    words = [assignment(key, value) for key, value in pairs if value]
    return words if mount.env is None else [*words, assignment("env", mount.env)]


def of_owner(step: Copy | Fetch) -> list[str]:
    """Docker's flags for what a file becomes, in docker's order."""
    flags = [f"--chown={quote(step.chown)}"] if step.chown else []
    flags += [f"--chmod={quote(step.chmod)}"] if step.chmod else []
    return [*flags, "--link"] if step.link else flags


def without_dot(path: str) -> str:
    """`/x/.` is `/x/` to everybody but BuildKit's protocol."""
    return path[:-1] if path.endswith("/.") and not isinstance(path, Deferred) else path


def with_newline(text: str) -> str:
    """A here-document's content as the shell wants it."""
    return text if not text or text.endswith("\n") else text + "\n"
