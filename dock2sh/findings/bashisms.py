"""Words that only bash knows, in a text for sh (D2S132)."""

from collections.abc import Iterator

from dock2sh.commands import Known
from dock2sh.commands.apart import Apart, Understood, interpreter, take_apart
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Run

_COMMANDS = {"source": "SC3046", "pushd": "SC3044", "popd": "SC3044", "declare": "SC3044", "shopt": "SC3044", "let": "SC3039"}
_SYMBOLS = {"condition": ("[[", "SC3010"), "arithmetic": ("((", "SC3006")}
_REDIRECTS = {"<<<": "SC3011", "&>": "SC3020", "&>>": "SC3020"}
_ASH_KNOWS = ("[[", "source", "let", "==", "set -o pipefail", "&>", "&>>")
_SH_IS_BASH = frozenset(
    "fedora centos rockylinux almalinux amazonlinux oraclelinux archlinux leap tumbleweed ubi ubi8 ubi9 ubi10 ubi-minimal".split()
)
"""Images, by the last part of their name, whose /bin/sh is bash."""


def find(one: Seen, step: Run, base: str) -> Iterator[Finding]:
    """One finding for each word. `base` is the image at the bottom."""
    name = base.partition("@")[0].rpartition("/")[2].partition(":")[0]
    if name in _SH_IS_BASH:
        return
    ash = "alpine" in base or name == "busybox"
    found = ((word, code, shell) for apart, shell in _texts(one, step) for word, code in _words(apart))
    for word, code, shell in dict.fromkeys(found):
        if not (ash and word in _ASH_KNOWS):
            yield Finding("D2S132", step.span, (("word", word), ("shell", shell)), word.split()[-1], (code,))


def _texts(one: Seen, step: Run) -> Iterator[tuple[Apart, str]]:
    """What is for sh: the RUN's own text, and here-documents that a sh within reads."""
    if one.apart is None or not step.shell:
        return
    shell = (interpreter(step.script.content) if step.script else step.shell)[0]
    if shell.rpartition("/")[2] == "sh":
        yield one.apart, shell
    yield from ((take_apart(inner.text), "sh") for inner in one.apart.documents if inner.shell == "sh")


def _words(apart: Apart) -> Iterator[tuple[str, str]]:
    """Each with shellcheck's number, in the RUN's own text."""
    own = [each for each in apart.found if each.text == apart.shell.text]
    known = [inner for each in own if each.known for inner in each.known.chain()]
    yield from ((inner.title, _COMMANDS[inner.title]) for inner in known if inner.title in _COMMANDS)
    yield from (_SYMBOLS[symbol.kind] for symbol in apart.shell.symbols if symbol.kind in _SYMBOLS)
    for each in own:
        yield from _of_command(each)
    yield from (("==", "SC3014") for inner in known if inner.title == "test" and _compares(inner))
    if any(inner.title == "set" and "pipefail" in inner.words("feature") for inner in known) and "||" not in apart.shell.text:
        yield "set -o pipefail", "SC3040"  # with `||` somebody has thought of a shell that has it not


def _of_command(each: Understood) -> Iterator[tuple[str, str]]:
    yield from (
        (redirect.operator, _REDIRECTS[redirect.operator])
        for redirect in each.command.redirects
        if redirect.operator in _REDIRECTS
    )
    if any("=(" in word.raw and word.raw.partition("=")[2].startswith("(") for word in each.command.assignments):
        yield "=(", "SC3030"


def _compares(test: Known) -> bool:
    return any(part.kind == "operator" and part.text == "==" for part in test.parts)
