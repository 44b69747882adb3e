"""Checks that are switched off (D2S171), and files that everybody may write (D2S173)."""

import re
from collections.abc import Iterator

from dock2sh.commands import Known
from dock2sh.commands.apart import Understood
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Configure

_OPTIONS = {
    "curl": ("-k", "--insecure"),
    "wget": ("--no-check-certificate",),
    "pip": ("--trusted-host",),
    "pip3": ("--trusted-host",),
    "apk": ("--allow-untrusted",),
    "apt-get": ("--allow-unauthenticated", "--force-yes"),
    "apt": ("--allow-unauthenticated",),
    "yum": ("--nogpgcheck",),
    "dnf": ("--nogpgcheck",),
    "zypper": ("--no-gpg-checks",),
}
_SETTING = re.compile(r"(?i)\b(http\.sslverify|strict-ssl)[ =](?:false|0|no|off)\b")
"""What `git -c`, `git config`, `npm config set` and `yarn config set` are told."""
_VARIABLES = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "PYTHONHTTPSVERIFY": "0", "GIT_SSL_NO_VERIFY": ""}
"""Variables that switch it off, with this value; empty: with any."""


def commands(one: Seen, understood: Understood, known: Known) -> Iterator[Finding]:
    """Of a command of a RUN, or one within it."""
    span, tool = one.step.span, known.title.partition(" ")[0]
    given = {part.text.partition("=")[0].split(" ")[0] for part in known.parts if part.kind == "option"}
    for option in (option for option in _OPTIONS.get(tool, ()) if option in given and _fetches(known)):
        yield Finding("D2S171", span, (("option", option), ("command", tool)), option)
    said = _SETTING.search(" ".join(part.value for part in known.parts)) if tool in ("git", "npm", "yarn") else None
    if said:
        yield Finding("D2S171", span, (("option", said[0]), ("command", tool)), said[1])
    if tool == "chmod" and (mode := next((mode for mode in known.words("mode") if opens(mode)), "")) and not _is_gone(one, known):
        yield Finding("D2S173", span, (("mode", mode), ("path", " ".join(known.words("path")))), mode)
    if known is understood.known:
        for word in understood.command.assignments:
            name, _, value = word.value.partition("=")
            yield from _variable(one, name, value, tool)


def _fetches(known: Known) -> bool:
    """Not what only removes packages, or installs files that lie there."""
    files = known.words("package")
    here = bool(files) and all(name.startswith(("/", "./", "../")) for name in files)
    return "removes" not in known.effects and not (here and "installs" in known.effects)


def _is_gone(one: Seen, known: Known) -> bool:
    """Whether the same RUN deletes it again: a directory for a while."""
    deleted = {path for _, each in one.commands() if each.title == "rm" for path in each.words("path")}
    return bool(known.words("path")) and set(known.words("path")) <= deleted


def settings(one: Seen, step: Configure) -> Iterator[Finding]:
    """Of an ENV or an ARG."""
    for name, value in step.pairs if step.keyword in ("ENV", "ARG") else ():
        yield from _variable(one, name, value or "", step.keyword)


def _variable(one: Seen, name: str, value: str, command: str) -> Iterator[Finding]:
    if name in _VARIABLES and value and _VARIABLES[name] in ("", value):
        yield Finding("D2S171", one.step.span, (("option", f"{name}={value}"), ("command", command)), name)


def opens(mode: str) -> bool:
    """Whether a mode lets everybody write. Where a file is its writer's own (1777, as /tmp has it) it does not."""
    if re.fullmatch(r"[0-7]+", mode):
        bits = int(mode, 8)
        return bool(bits & 0o002) and not bits & 0o1000
    clauses = mode.split(",")
    return any(re.match(r"[ugo]*[oa][ugoa]*[+=][rxXst]*w", clause) for clause in clauses) and not re.search(r"[+=][rwxX]*t", mode)
