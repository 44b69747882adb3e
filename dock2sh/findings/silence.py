"""Findings that somebody has looked at and wants to hear of no more: comments.

    # hadolint ignore=DL3008,D2S104          the instruction below it
    # dock2sh ignore=D2S104                  the same; also `# dock2sh: ignore=`
    # check=skip=D2S104                      the same, in BuildKit's words
    # hadolint global ignore=DL3008          the whole file (also `# dock2sh global ignore=`, `# check=skip=` in the head)

The configuration (settings.py) has a list of them, too. A name is ours or another tool's.
"""

import re
from collections.abc import Callable

from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.findings.rule import Finding
from dock2sh.findings.settings import Settings
from dock2sh.source import Diagnostic

_LIST = r"([A-Za-z0-9]*(?:\s*,\s*[A-Za-z0-9]*)*)"
"""Names with commas; what follows is a reason."""
_IGNORE = re.compile(rf"(?:hadolint\s|dock2sh[\s:])\s*(global\s+)?ignore\s*=\s*{_LIST}")
_SKIP = re.compile(rf"check\s*=\s*(?:.*;)?\s*skip\s*=\s*{_LIST}")


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().upper() for name in text.split(",") if name.strip())


def _of_comment(comment: str) -> tuple[bool, frozenset[str]]:
    """Whether it is about the whole file, and which rules it silences."""
    if match := _IGNORE.match(comment.lstrip("# \t")):  # of an indented comment BuildKit keeps the `#`
        return bool(match[1]), _names(match[2])
    match = _SKIP.match(comment.strip())
    return False, _names(match[1]) if match else frozenset()


HADOLINT = {
    "DuplicateStageName": ("DL3024",),
    "FromPlatformFlagConstDisallowed": ("DL3029",),
    "JSONArgsRecommended": ("DL3025",),
    "MaintainerDeprecated": ("DL4000",),
    "MultipleInstructionsDisallowed": ("DL4003", "DL4004", "DL3012"),
    "RedundantTargetPlatform": ("DL3065",),
    "ReservedStageName": ("DL3063",),
    "SecretsUsedInArgOrEnv": ("DL3064",),
    "WorkdirRelativePath": ("DL3000",),
}
"""BuildKit's checks, and what hadolint calls the same."""


def spoken(checked: tuple[Diagnostic, ...], dockerfile: Dockerfile, settings: Settings) -> tuple[Diagnostic, ...]:
    """BuildKit's findings with hadolint's names beside them, less those that a comment or the configuration silences by any."""
    quiet = _quiet(dockerfile, settings.ignore, head=False)  # the check itself knows what its head and a build argument say
    named = [each._replace(also=_names_of(each)) for each in checked]
    return tuple(_weighed(each, settings) for each in named if not _is_silenced(each, quiet))


def _weighed(diagnostic: Diagnostic, settings: Settings) -> Diagnostic:
    """As bad as the configuration finds it; what docker refuses stays an error."""
    changed = settings.severity((diagnostic.code.upper(), *diagnostic.also))
    return diagnostic._replace(severity=changed) if changed and diagnostic.severity != "error" else diagnostic


def _names_of(diagnostic: Diagnostic) -> tuple[str, ...]:
    """hadolint has a rule for each of the three instructions that count once."""
    names = HADOLINT.get(diagnostic.code, ())
    if len(names) < 2:
        return names
    kind = next((index for index, keyword in enumerate(("CMD", "ENTRYPOINT")) if keyword in diagnostic.message), 2)
    return (names[kind],)


def _is_silenced(diagnostic: Diagnostic, quiet: Callable[[set[str], int], bool]) -> bool:
    first = diagnostic.spans[0].first if diagnostic.spans else 0
    return diagnostic.severity != "error" and quiet({diagnostic.code.upper(), *diagnostic.also}, first)


def silenced(dockerfile: Dockerfile, ignored: frozenset[str]) -> Callable[[Finding], bool]:
    """Tells whether a finding is silenced."""
    quiet = _quiet(dockerfile, ignored, head=True)
    return lambda finding: quiet({finding.name.upper(), finding.code, *finding.also}, finding.span.first)


def _lines_of_texts(node: Node) -> range:
    """The lines of an instruction's here-documents: what looks like a comment there is the text's own."""
    count = sum(each.content.count("\n") + 1 for each in node.heredocs)
    return range(node.span.last - count + 1, node.span.last + 1)


def _quiet(dockerfile: Dockerfile, ignored: frozenset[str], head: bool) -> Callable[[set[str], int], bool]:
    """Tells whether somebody wants to hear nothing of these names at the instruction that begins in a line."""
    everywhere = {name.upper() for name in ignored}
    here: dict[int, frozenset[str]] = {}
    texts = {number for node in dockerfile.nodes for number in _lines_of_texts(node)}
    for number, line in enumerate(dockerfile.text.split("\n"), 1):
        if number in texts:
            continue
        whole, names = _of_comment(line.lstrip().removeprefix("#")) if line.lstrip().startswith("#") else (False, frozenset())
        everywhere |= names if whole else set()
    if head and (match := re.search(rf"skip\s*=\s*{_LIST}", dockerfile.directives.get("check", ""))):
        everywhere |= _names(match[1])
    for node in dockerfile.nodes:
        found = frozenset(name for comment in node.comments for name in _of_comment(comment)[1])
        if found:
            here[node.span.first] = found

    def quiet(names: set[str], line: int) -> bool:
        wanted = everywhere | here.get(line, frozenset())
        return "ALL" in wanted or bool(names & wanted)

    return quiet
