"""Programs that a RUN starts and nobody has seen: from the network, or decoded on the way.

curl URL | tar … | sh        a pipe that begins with it, whatever stands between
sh -c "$(curl URL)"          bash <(curl URL)          eval "$(wget -qO- URL)"          . <(curl URL)
base64 -d <<<TEXT | sh
"""

from collections.abc import Iterator

from dock2sh.commands import Known
from dock2sh.commands.apart import Understood
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.shell import substituted

_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "python", "python3", "perl", "ruby", "node")
_FETCH = ("curl", "wget")
_DECODE = {"base64": ("-d", "--decode", "-D"), "base32": ("-d", "--decode"), "openssl": ("-d",), "xxd": ("-r", "-p")}
_READS = ("eval", "dot", "source")


def find(one: Seen) -> Iterator[Finding]:
    """At most one finding for each shell."""
    found = one.apart.found if one.apart else ()
    yield from _pipes(one, found)
    for shell in found:
        if shell.known is None:
            continue
        last = shell.known.chain()[-1]
        if last.title not in (*_SHELLS, *_READS):
            continue
        within = next((each for each in found if _stands_in(each, shell) and _origin(each)), None)
        if within is not None:
            yield _finding(one, _origin(within), last)


def _pipes(one: Seen, found: tuple[Understood, ...]) -> Iterator[Finding]:
    """What stands at the beginning of a pipe, or decodes in it, and a shell that reads it."""
    carried: dict[tuple[str, ...], str] = {}
    for each in found:
        inside = each.command.inside
        if each.command.before not in ("|", "|&"):
            carried[inside] = ""
        last = each.known.chain()[-1] if each.known else None
        if last and carried.get(inside) and last.title in _SHELLS and not _reads_file(last):
            yield _finding(one, carried[inside], last)
        carried[inside] = carried.get(inside, "") or _origin(each)


def _origin(each: Understood) -> str:
    """The command, if it fetches or decodes; else nothing."""
    known = each.known.chain()[-1] if each.known else None
    if known is None:
        return ""
    tool = known.title.partition(" ")[0]
    options = {part.text for part in known.parts if part.kind == "option"}
    decodes = (options | {part.value for part in known.parts}) & set(_DECODE.get(tool, ()))
    return tool if tool in _FETCH or decodes else ""


def _finding(one: Seen, origin: str, shell: Known) -> Finding:
    name = shell.parts[0].value
    code = "D2S170" if origin in _FETCH else "D2S175"
    return Finding(code, one.step.span, (("fetch", origin), ("shell", name)), name)


def _stands_in(inner: Understood, outer: Understood) -> bool:
    """Whether it stands in a substitution that is a word of the other."""
    if inner is outer or not substituted(inner.command.inside) or inner.text is not outer.text:
        return False
    start, end = inner.command.start, inner.command.end
    return any(word.start < start and end < word.end and _is_run(word.raw, outer) for word in outer.command.words[1:])


def _is_run(raw: str, outer: Understood) -> bool:
    """Whether the shell runs what the word holds: all that eval is told, the text behind `-c`, a file `<(…)`."""
    known = outer.known.chain()[-1] if outer.known else None
    if known is None:
        return False
    if known.title == "eval" or raw.startswith("<("):
        return True
    return any(part.text == raw and part.role in ("script", "program") for part in known.parts)


def _reads_file(known: Known) -> bool:
    """`bash FILE` and `sh -c TEXT` do not run what comes through the pipe."""
    return any(
        part.role in ("path", "script", "program", "module") and part.value not in ("-", "/dev/stdin") for part in known.parts
    )
