"""What a script's words ask for besides their arguments: wildcards and ignore files as regular expressions, the context's files.

docs/script.md says what each function of the script prints.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dock2sh.emit.display import delimiter
from dock2sh.emit.quoting import quote
from dock2sh.model import Git, Repository

if TYPE_CHECKING:
    from dock2sh.plan.ignore import Ignore, Named


def patterns(globs: Mapping[tuple[str, str], str]) -> str:
    """`pattern KIND TEXT`: Go's wildcards as regular expressions."""
    if not globs:
        return ""
    cases = [f"        {quote(kind + ' ' + text)}) printf '%s\\n' {quote(regex)} ;;" for (kind, text), regex in globs.items()]
    comment = "# Go's wildcards are not the shell's: each one above as a regular expression.\n"
    return comment + 'pattern() {\n    case "$1 $2" in\n' + "\n".join(cases) + "\n        *) return 1 ;;\n    esac\n}\n"


def ignored(ignore: "Ignore") -> str:
    """`ignored`: the ignore file as regular expressions; the last that matches wins."""
    if not ignore.rules:
        return ""
    comment = f"# {ignore.name}: + is left out of the build context, - comes in again, the last match wins.\n"
    return f"{comment}ignored() {{\n{_rules(ignore)}}}\n"


def ignored_in(named: "Mapping[str, Named]") -> str:
    """`ignored_in NAME`: the same for named contexts; the first line is the digest of the ignore file."""
    if not named:
        return ""
    cases = "".join(f"    {quote(name)})\n{_rules(found.ignore, found.digest)}        ;;\n" for name, found in named.items())
    comment = "# The same for named contexts: the digest of each one's own .dockerignore, and what that leaves out.\n"
    return f"{comment}ignored_in() {{\n    case $1 in\n{cases}    esac\n}}\n"


def _rules(ignore: "Ignore", *before: str) -> str:
    """What prints the rules of an ignore file."""
    lines = "".join(f"{line}\n" for line in (*before, *(f"{'-' if rule.included else '+'}{rule.regex}" for rule in ignore.rules)))
    end = delimiter(lines, "IGNORE")
    return f"    cat <<'{end}'\n{lines}{end}\n"


_WHOLE = "context_whole=1 # docker brings in the rest, too: a RUN has a tmpfs\n"


def context_needed(selectors: tuple[str, ...], digest: str, whole: bool = False) -> str:
    """`context_needed`: what of the context the steps read, and what it was when the script was made. With `whole` docker brings
    in the rest, too."""
    lines = "".join(f"{regex}\n" for regex in selectors)
    listing = f"context_needed() {{\n    cat <<'FILES'\n{lines}FILES\n}}\n" + (_WHOLE if whole else "")
    if not digest:
        return f"# The files of the build context that are read.\n{listing}"
    comment = "# The files of the build context that are read, and the digest that they had when this script was made.\n"
    return f"{comment}{listing}context_digest={digest}\n"


def context_data(packed: bytes, tail: bool, behind: int = 0) -> str:
    """`context_data`: the bundled files, here or (tail) behind the script's last line, with `behind` bytes after them."""
    if tail:
        comment = "# The files of the build context that the steps need: a gzipped tar, behind the last line.\n"
        return f"{comment}context_data() {{\n    script_tail {len(packed) + behind} {len(packed)}\n}}\n"
    comment = "# The files of the build context that the steps need: a gzipped tar, in base64.\n"
    return f"{comment}context_data() {{\n{_decoded(packed)}}}\n"


def carried_context(carried: Mapping[str, bytes]) -> str:
    """`carried_context NAME`: the bundled files of a named context."""
    if not carried:
        return ""
    cases = "".join(f"    {quote(name)})\n{_decoded(packed)}        ;;\n" for name, packed in carried.items())
    comment = "# The files of named contexts that the steps need: gzipped tars, in base64.\n"
    return f"{comment}carried_context() {{\n    case $1 in\n{cases}    esac\n}}\n"


def git_context(repositories: Mapping[str, Repository], locked: Mapping[str, str]) -> str:
    """`git_context NAME DIR`: fills DIR with the files of a named context that is a repository. `locked` has the commits of those
    that a lock has to do with, "" for one that it does not know yet."""
    cases = "".join(_case(name, found, locked.get(name)) for name, found in repositories.items())
    comment = "# The named contexts that are git repositories.\n"
    return f"{comment}git_context() {{\n    case $1 in\n{cases}    esac\n}}\n"


def _case(name: str, repository: Repository, commit: str | None) -> str:
    words = " ".join(["locked_context", quote(name), *([quote(commit)] if commit else [])])
    first = "" if commit is None else f"{words} && "
    return f'    {quote(name)}) {first}git_fill {" ".join(_asked(repository))} "$2" ;;\n'


def _asked(repository: Repository) -> list[str]:
    checksum = [f"--checksum={quote(repository.checksum)}"] if repository.checksum else []
    return [*checksum, *git_flags(repository.git), quote(repository.url)]


def git_flags(git: Git) -> list[str]:
    """What is asked of a repository, as flags of `add_git`."""
    flags = [f"--{key}={quote(value)}" for key, value in (("ref", git.ref), ("subdir", git.subdir)) if value]
    flags += ["--keep-git-dir"] if git.keep_git_dir else []
    flags += [] if git.submodules else ["--submodules=false"]
    flags += ["--mtime=commit"] if git.commit_times else []
    return flags + (["--fetch-by-commit"] if git.fetch_by_commit else [])


def _decoded(packed: bytes) -> str:
    import base64

    return f"    base64 -d <<'TAR'\n{base64.encodebytes(packed).decode()}TAR\n"
