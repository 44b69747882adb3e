"""Random texts of instructions with flags, of which many are wrong: what is refused, and in which words."""

from tests.fuzzing.dice import Dice
from tests.fuzzing.texts import word, words


def flagged(dice: Dice) -> str:
    """A Dockerfile of instructions with flags, of which many are wrong."""
    lines = ["ARG x=" + word(dice)] if dice.chance(30) else []
    lines += [f"FROM {_flags(dice, _FROM_FLAGS)}scratch AS {dice.pick(('s', 's', 'S', '0', 'a-b', word(dice, 2)))}"]
    for _ in range(dice.number(1, 4)):
        lines.append(dice.pick((_run, _copy, _copy, _add))(dice))
    if dice.chance(30):
        lines += [f"FROM {dice.pick(('s', 'S', '$x', 'scratch'))}", dice.pick((_run, _copy))(dice)]
    return "\n".join(lines) + "\n"


def _flags(dice: Dice, known: dict[str, tuple[str, ...]]) -> str:
    """None to two flags: name, `=`, value, sometimes without one of these, or quoted."""
    return "".join(_flag(dice, dice.pick(tuple(known)), known) + " " for _ in range(dice.weighted([(2, 0), (4, 1), (2, 2)])))


def _flag(dice: Dice, name: str, known: dict[str, tuple[str, ...]]) -> str:
    value = dice.pick(known[name]) if dice.chance(90) else word(dice, 2)
    name = name if dice.chance(96) else "bogus"
    return dice.weighted(
        [
            (30, f"--{name}={value}"),
            (1, f"--{name}"),
            (1, f"--{name}="),
            (1, f'--{name}="{value}"'),
            (1, f"--{name.upper()}={value}"),
        ]
    )


def _run(dice: Dice) -> str:
    mount = ",".join(_mount_field(dice) for _ in range(dice.number(1, 4)))
    flags = f"--mount={mount} " if dice.chance(70) else _flags(dice, _RUN_FLAGS)
    return f"RUN {flags}" + dice.pick(("true", '["true"]', "<<E\ntrue\nE", words(dice), ""))


def _mount_field(dice: Dice) -> str:
    key = dice.pick(tuple(_MOUNT_KEYS))
    value = dice.pick(_MOUNT_KEYS[key]) if dice.chance(90) else word(dice, 2)
    return dice.weighted(
        [(30, f"{key}={value}"), (2, key), (1, f"{key}="), (1, f'"{key}={value}"'), (1, f"{key.upper()}={value}")]
    )


def _copy(dice: Dice) -> str:
    files = ("a /b", "a b /c/", "a b /c", "/x", '["a", "/b"]', "<<E /b\nx\nE", words(dice))
    return f"COPY {_flags(dice, _COPY_FLAGS)}" + dice.pick(files)


def _add(dice: Dice) -> str:
    sources = (
        "a",
        "http://h.invalid/x",
        "https://h.invalid/a/b?c=d#e",
        "https://h.invalid/r.git#main:d",
        "git@h.invalid:r.git",
        "ftp://h/x",
    )
    return f"ADD {_flags(dice, _ADD_FLAGS)}{dice.pick(sources)} {dice.pick(('/b', '/b/', word(dice, 1), ''))}"


_FROM_FLAGS = {
    "platform": ("linux/amd64", "linux/arm64/v8", "windows", "$BUILDPLATFORM", "$TARGETPLATFORM", "linux", "arm64", "a/b/c/d")
}
_COPY_FLAGS = {
    "from": ("s", "S", "0", "1", "-1", "00", "+0", "$x", "nosuch:tag", "scratch"),
    "chown": ("1:2", "root", "a:b:c", "-1", ":1", "1:", "$x"),
    "chmod": ("755", "0644", "u+x", "go=rX", "a-w,u+s", "9", "77777", "u+", "$x", "+x", "1755"),
    "link": ("true", "false", "TRUE", "1", ""),
}
_ADD_FLAGS = {
    **{name: values for name, values in _COPY_FLAGS.items() if name != "from"},
    "checksum": ("sha256:" + "a" * 64, "sha256:abc", "md5:" + "a" * 32, "a" * 40, "$x"),
    "keep-git-dir": ("true", "false", "x"),
    "unpack": ("true", "false", "x"),
}
_RUN_FLAGS = {
    "network": ("none", "default", "host", "NONE", "bridge", "$x"),
    "security": ("insecure", "sandbox", "x"),
    "mount": ("type=cache,target=/c", "target=/c", "type=tmpfs", "type=secret", "type=ssh", "", ",", '"'),
}
_MOUNT_KEYS = {
    "type": ("bind", "cache", "tmpfs", "secret", "ssh", "BIND", "$x", "volume"),
    "target": ("/t", "t", "/", "", ".", "..", "/t/../..", "$x", "${x:-/d}"),
    "source": ("a", "/a", "..", "$x"),
    "from": ("s", "0", "1", "nosuch", "$x"),
    "id": ("i", "", "a/b", "$x"),
    "sharing": ("shared", "private", "locked", "SHARED", "x"),
    "ro": ("true", "false", "0", "x"),
    "rw": ("true", "1"),
    "required": ("true", "x"),
    "size": ("1k", "1.5g", "-1", "0", "x", "1kb", "99999999999999999999"),
    "mode": ("0755", "755", "8", "-1", "77777777777", "$x"),
    "uid": ("0", "-1", "4294967296", "x", "$x"),
    "gid": ("0", "1"),
    "env": ("E", "", "a-b"),
}
