"""What the tests of COPY, ADD and WORKDIR share: a step of theirs is run, and what is below /w afterwards is written down."""

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path

from workshop import Workshop

from dock2sh.plan.exclusions import exclude_regex
from dock2sh.plan.patterns import glob_regex

OLD = 1_700_000_000
"""Times before this one were kept; a later one is `now`, and is not written down."""


def sh(directory: Path, *lines: str) -> None:
    """Prepare a directory."""
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=directory, check=True)


def top(words: list[str], ignored: str = "", before: str = "") -> str:
    """A top half with these words as its one step; wildcards and excludes among them get their `pattern`."""
    body = "\n".join(words)
    text = f"id=test\ntotal=1\nbuild() {{\n    from busybox\n    base_env PATH=/bin\n{before}\n"
    text += f"    step 1 'Dockerfile:2'\n{body}\n}}\n"
    cases = [f"{shlex.quote(key)}) printf '%s\\n' {shlex.quote(ere)} ;;" for key, ere in _patterns("\n".join(words)).items()]
    text += 'pattern() {\ncase "$1 $2" in\n' + "\n".join([*cases, "*) return 1 ;;"]) + "\nesac\n}\n"
    return text + (f"ignored() {{\ncat <<'RULES'\n{ignored}RULES\n}}\n" if ignored else "")


def _patterns(words: str) -> dict[str, str]:
    found = {}
    for word in shlex.split(re.sub(r"<<.*", "", words)):
        if word.startswith("--exclude="):
            bare = word.removeprefix("--exclude=").removeprefix("!")
            found[f"exclude {bare}"] = exclude_regex(bare)
        elif not word.startswith("-"):
            before, _, rest = word.partition("/./")
            found[f"exclude {rest or word}"] = exclude_regex(rest or word)
            if "**" not in before:
                found[f"glob {before}"] = glob_regex(before)
    return found


def put(workshop: Workshop, *words: str, ignored: str = "", before: str = "") -> list[str]:
    """What is below /w after the step."""
    result = workshop.run(top(list(words), ignored, before))
    assert result.returncode == 0, result.stderr
    return tree(workshop.root / "w")


def refused(workshop: Workshop, *words: str, ignored: str = "", before: str = "", status: int = 1) -> str:
    """What a step says that fails."""
    result = workshop.run(top(list(words), ignored, before))
    assert result.returncode == status, result.stderr
    return result.stderr


def tree(root: Path) -> list[str]:
    """A line for each entry: name, type, mode, owner, `->` target or the time that was kept, and a hard link's first name."""
    lines, first = [], dict[int, str]()
    for path in sorted([root, *root.rglob("*")]) if os.path.lexists(root) else []:
        name, status = str(path.relative_to(root)), path.lstat()
        kind = {"d": "d", "-": "f"}.get(stat.filemode(status.st_mode)[0], stat.filemode(status.st_mode)[0])
        line = f"{name} {kind} {stat.S_IMODE(status.st_mode):o} {status.st_uid}:{status.st_gid}"
        if kind == "l":
            line += f" -> {os.readlink(path)}"
        elif kind != "d" and status.st_mtime < OLD:
            line += f" {status.st_mtime:.0f}"
        if kind == "f" and status.st_nlink > 1:
            line += f" ={first.setdefault(status.st_ino, name)}"
        lines.append(line)
    return lines
