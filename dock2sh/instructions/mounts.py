"""RUN --mount: a line of CSV, its keys evaluated one by one (semantics.md, table under 1.4)."""

import re
from typing import Any

from dock2sh.dockerfile.fields import fields
from dock2sh.dockerfile.gotext import FALSE, TRUE, atoi, did_you_mean, in_bytes, quoted
from dock2sh.model import Mount
from dock2sh.plan.builder import StageBuilder
from dock2sh.plan.paths import base, clean, normalised
from dock2sh.source import Refused, refuse

_TYPES = ["bind", "cache", "tmpfs", "secret", "ssh"]
_SHARING = ["shared", "private", "locked"]
_KEYS = "type from source target readonly id sharing required size mode uid gid src dst destination ro rw readwrite env".split()


def _bad(message: str, near: str = "", hint: str = "") -> Refused:
    return refuse("mount", message, near=near, hint=hint or "type=bind|cache|tmpfs|secret|ssh, target=…, source=…, from=…")


def _fields(text: str) -> list[str]:
    try:
        return fields(text)
    except ValueError as error:
        raise _bad(f"failed to parse csv mounts: {error}", text or "--mount=") from None


def check_origin(text: str) -> None:
    """Before anything is evaluated: `from` takes no variable. Raises Refused."""
    for field in _fields(text):
        key, equals, value = field.partition("=")
        if equals and key.lower() == "from" and "$" in value[:-1]:
            raise _bad(
                f"'{key.lower()}' doesn't support variable expansion, define alias stage instead",
                field,
                "FROM image AS name, then from=name",
            )


def origin_of(text: str) -> str:
    """The stage or image that `from` names; without it `scratch`, from which a cache begins.

    BuildKit, which does not know the type yet, has every mount depend on a stage of that name.
    """
    given = {key.lower(): value for key, _, value in (field.partition("=") for field in _fields(text))}
    return given.get("from") or "scratch"


def mounts_of(texts: list[str], stage: StageBuilder) -> list[Mount]:
    """The mounts that the texts ask for, variables expanded, defaults filled in. What one cannot be is said before what it may
    not be, of all of them. Raises Refused."""
    return [_mount(given, stage) for given in [_given(text, stage) for text in texts]]


def _given(text: str, stage: StageBuilder) -> dict[str, Any]:
    given: dict[str, Any] = {"type": "bind"}
    for field in _fields(text):
        _field(given, field, stage)
    _check(given)
    return given


def _field(given: dict[str, Any], field: str, stage: StageBuilder) -> None:
    """Put one `key=value` (or a bare word) into `given`."""
    key, equals, value = field.partition("=")
    key = key.lower()
    if not equals:
        _bare(given, key, field)
        return
    value = stage.expand(value)
    if key == "type":
        given["type"] = _one_of(value, _TYPES, "mount type")
    elif key == "sharing":
        given["sharing"] = _one_of(value, _SHARING, "sharing value")
    elif key in ("target", "dst", "destination"):
        given["target"] = value
    elif key in ("source", "src"):
        given["source"] = value
    elif key in ("readonly", "ro", "readwrite", "rw"):
        given["readonly"] = _boolean(key, value) == (key in ("readonly", "ro"))
    elif key == "required":
        _only(given, key, ("secret", "ssh"))
        given["required"] = _boolean(key, value)
    elif key == "size":
        _only(given, key, ("tmpfs",))
        given["size"] = _bytes(value)
    elif key in ("mode", "uid", "gid"):
        given[key] = _number(key, value)
    elif key in ("from", "id", "env"):
        given[key] = value
    else:
        raise _bad(f"unexpected key '{key}' in '{field}'{did_you_mean(key, list(_KEYS))}", field)


def _bare(given: dict[str, Any], key: str, field: str) -> None:
    if key in ("readonly", "ro", "readwrite", "rw"):
        given["readonly"] = key in ("readonly", "ro")
    elif key == "required":
        _only(given, key, ("secret", "ssh"))
        given["required"] = True
    else:
        raise _bad(f"invalid field '{field}' must be a key=value pair", field)


def _one_of(value: str, options: list[str], what: str) -> str:
    if value.lower() not in options:
        raise _bad(f"unsupported {what} {quoted(value)}{did_you_mean(value, options)}", value, "one of " + ", ".join(options))
    return value.lower()


def _only(given: dict[str, Any], key: str, types: tuple[str, ...]) -> None:
    if given["type"] not in types:
        raise _bad(
            f"unexpected key '{key}' for mount type '{given['type']}'", key, f"{key} belongs to type={' and type='.join(types)}"
        )


def _boolean(key: str, value: str) -> bool:
    if value not in TRUE + FALSE:
        raise _bad(f"invalid value for {key}: {value}", value, "true or false")
    return value in TRUE


def _number(key: str, value: str) -> int:
    octal = key == "mode"
    if re.fullmatch("[0-7]+" if octal else "[0-9]+", value):
        number = int(value, 8) if octal else atoi(value)
        if number is not None and number < 2**32:
            return number
    raise _bad(f"invalid value {value} for {key}", value, "an octal number" if octal else "a number")


def _bytes(value: str) -> int:
    size = in_bytes(value)
    if size is None:
        raise _bad(f"invalid value for size: {value}", value, "a number with k, m or g, for example size=64m")
    return size


def _check(given: dict[str, Any]) -> None:
    """What does not go together."""
    kind = given["type"]
    if kind in ("bind", "tmpfs"):
        for key in ("mode", "uid", "gid"):
            if key in given:
                raise _bad(f"{key} not allowed for {quoted(kind)} type mounts", f"{key}=", "leave it out")
    if kind == "secret":
        _check_secret(given)
    if given.get("sharing") and kind != "cache":
        raise _bad(f"invalid cache sharing set for {kind} mount", "sharing", "sharing belongs to type=cache")


def _check_secret(given: dict[str, Any]) -> None:
    if given.get("from"):
        raise _bad("secret mount should not have a from", "from", "secrets come from --secret")
    if given.get("sharing"):
        raise _bad("secret mount should not define sharing", "sharing", "sharing belongs to type=cache")
    if not (given.get("source") or given.get("target") or given.get("id")):
        raise _bad("invalid secret mount. one of source, target required", "type=secret", "type=secret,id=NAME")
    if given.get("source") and given.get("id"):
        raise _bad("both source and id can't be set", "source", "source is another word for id here")


def _mount(given: dict[str, Any], stage: StageBuilder) -> Mount:
    kind, origin = given["type"], _origin(given, stage)
    readonly = given.get("readonly", kind not in ("cache", "tmpfs"))
    if kind == "secret":
        return _secret(given, stage)
    if kind == "ssh":
        return _agent(given, stage)
    target = given.get("target", "")
    absolute = target if target.startswith("/") else normalised(stage.cwd, target)
    if clean(absolute) == "/":
        raise _bad(f"invalid mount target {quoted(absolute)}", "target" if target else "--mount", "give target=/some/directory")
    source = normalised("/", given.get("source", "/") or "/")
    if kind == "tmpfs" and source != "/":
        raise _bad(f"open {source}: no such file or directory", "source", "a tmpfs is empty, leave its source out")
    if kind == "cache":
        common = _attributes(given) if source == "/" else {}  # of what is there already docker changes nothing
        space = stage.shared.cache_space
        name = given.get("id") or clean(target)
        return Mount(
            kind,
            absolute,
            source,
            origin,
            f"{space}/{name}" if space else name,
            given.get("sharing", "shared"),
            readonly,
            **common,
        )
    return Mount(kind, absolute, source, origin, readonly=readonly, size=given.get("size", 0))


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in ("mode", "uid", "gid") if key in given}


def _secret(given: dict[str, Any], stage: StageBuilder) -> Mount:
    """A secret, as a file or a variable."""
    target, env = given.get("target", ""), given.get("env")
    name = given.get("source") or given.get("id") or base(target)
    if env == "":
        raise _bad("invalid environment variable: name cannot be empty", "env=", "env=NAME")
    if not target and env is None:
        target = "/run/secrets/" + base(name)
    target = normalised(stage.cwd, _not_root("secret", target)) if target else ""
    required = given.get("required", False)
    return Mount("secret", target, "", "", name, "", True, required=required, env=env, **_attributes(given))


def _agent(given: dict[str, Any], stage: StageBuilder) -> Mount:
    """A socket of an ssh agent."""
    if given.get("source"):
        raise _bad("ssh does not support source", "source", "name the agent with id=")
    target = normalised(stage.cwd, _not_root("ssh", given["target"])) if given.get("target") else ""
    name, required = given.get("id") or "default", given.get("required", False)
    return Mount("ssh", target, "", "", name, "", True, required=required, **_attributes(given))


def _not_root(kind: str, target: str) -> str:
    """The target of a secret or an agent, which can't be the root."""
    if target == "/":
        raise _bad(f"invalid mount type {kind.upper()} for /", "target", "give target=/some/file, or leave it out")
    return target


def _origin(given: dict[str, Any], stage: StageBuilder) -> str:
    """The key of the stage that `from` names, or the image; mounts have no index form (semantics.md 2, 60).

    A cache without it is one from scratch for BuildKit, and begins with the files of a stage of that name. A tmpfs and an agent
    have nothing of a stage, which must be there all the same.
    """
    if given["type"] == "cache" and not given.get("from"):
        return stage.find_origin("scratch", given.get("target", "")) if stage.has_stage("scratch") else ""
    found = stage.find_origin(given["from"], given.get("target", "")) if given.get("from") else ""
    return "" if given["type"] == "tmpfs" else found
