"""Rules about the instructions of a stage, as evaluation sees them."""

import re
from collections.abc import Iterator

from dock2sh.checks import rules
from dock2sh.checks.rules import Finding
from dock2sh.dockerfile.deferred import Deferred
from dock2sh.dockerfile.gotext import quoted, suggestion
from dock2sh.dockerfile.syntax import Node
from dock2sh.instructions.secrets import looks_secret
from dock2sh.instructions.variables import NEVER_ENV
from dock2sh.plan.paths import clean
from dock2sh.plan.watch import Ignored
from dock2sh.source import Span

_SIMPLE_COMMAND = re.compile(r"[\w./:=@%+,-]+(?:[ \t]+[\w./:=@%+,-]+)*\Z")
_NEEDS_CARE = re.compile(r"['\"\\`]")


def undefined(node: Node, names: set[str], known: list[str], escape: str) -> Iterator[Finding]:
    """Variables that neither ENV nor ARG set."""
    for name in sorted(names.difference(NEVER_ENV)):
        near = suggestion(name, known)
        cure = (
            f"write `${near}`, or `{escape}${name}` for the text itself"
            if near
            else f"put `ARG {name}` or `ENV {name}=VALUE` above it, or write `{escape}${name}` for the text itself"
        )
        yield Finding(rules.UNDEFINED_VAR, (name, f" (did you mean ${near}?)" if near else ""), cure, _as_written(node, name))


def _as_written(node: Node, name: str) -> str:
    return f"${{{name}" if f"${{{name}" in node.original else f"${name}"


def legacy(node: Node) -> Finding:
    """`ENV name value`."""
    name, value = node.args[0], node.args[1]
    pair = f"{name}={value}" if not re.search(r"\s", value) else f'{name}="{value}"'
    exact = not _NEEDS_CARE.search(value) or " " not in value
    cure = (
        f"write `{node.keyword} {pair}`" if exact else f"write `{node.keyword} {name}=…`, with every blank of the value in quotes"
    )
    return Finding(rules.LEGACY_KEY_VALUE_FORMAT, (node.keyword,), cure, name)


def secret(node: Node, name: str) -> Iterator[Finding]:
    """ARG and ENV with a name that tells of a secret: both can be read in the image."""
    keyword = node.keyword.upper()
    if keyword in ("ARG", "ENV") and looks_secret(name):
        mount = f"RUN --mount=type=secret,id={name},env={name} …"
        cure = f"anyone who has the image can read it; give it to the RUN that needs it: `{mount}`"
        yield Finding(rules.SECRETS_USED_IN_ARG_OR_ENV, (keyword, quoted(name)), cure, name)


def shell_form(node: Node) -> Finding:
    """A shell stands between docker's signals and the program."""
    text = " ".join(node.args)
    if _SIMPLE_COMMAND.match(text) and "=" not in text.split()[0]:  # NAME=VALUE before a command is a shell's
        words = ", ".join(f'"{word}"' for word in text.split())
        cure = f"write `{node.keyword} [{words}]`"
    else:
        cure = 'write a JSON array; or, where a shell is meant, `SHELL ["/bin/sh", "-c"]` above it, and `exec` before the program'
    return Finding(rules.JSON_ARGS_RECOMMENDED, (node.keyword,), cure, node.keyword)


def repeated(node: Node, span: Span, first: Span) -> Finding:
    """Only the last CMD, ENTRYPOINT or HEALTHCHECK of a stage counts; docker points at the one that does not."""
    cure = f"delete it: the `{node.keyword}` of line {span.first} takes its place"
    return Finding(rules.MULTIPLE_INSTRUCTIONS_DISALLOWED, (node.keyword,), cure, span=first)


def relative_workdir(path: str) -> Iterator[Finding]:
    """A directory that depends on the base image's."""
    if isinstance(path, Deferred):
        return  # only the base image's environment can tell
    cure = f"write it from the root, for example `WORKDIR {clean('/' + path)}`"
    yield Finding(rules.WORKDIR_RELATIVE_PATH, (quoted(path),), cure, path)


def port(node: Node, written: str, host: bool, casing: bool) -> Iterator[Finding]:
    """EXPOSE takes a container's port and a protocol in lower case."""
    container, slash, protocol = written.rpartition(":")[2].partition("/")
    plain = f"{node.keyword} {container}{slash}{protocol.lower()}"
    if casing:
        yield Finding(rules.EXPOSE_PROTO_CASING, (written,), f"write `{plain}`", written)
    if host:
        cure = f"write `{plain}`, and publish it with `docker run -p {written.partition('/')[0]}`"
        yield Finding(rules.EXPOSE_INVALID_FORMAT, (written,), cure, written)


def ignored(node: Node, source: str, ignore: Ignored) -> Iterator[Finding]:
    """A source that the ignore file keeps out of the build context. With `!` lines nobody can tell, and docker does not try."""
    path = clean(source)
    if ignore.has_exceptions or (path in (".", "/") and not ignore.excludes_everything) or not ignore.matches(path):
        return
    cure = f"the ignore file keeps it from the build: take the line that excludes it out, or add `!{path.lstrip('/')}` below it"
    yield Finding(rules.COPY_IGNORED_FILE, (node.keyword.capitalize(), quoted(path)), cure, source)
