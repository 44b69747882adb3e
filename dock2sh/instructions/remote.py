"""ADD's remote sources: URLs and git repositories, told apart as BuildKit does (dfgitutil, gitutil, sshutil)."""

import re
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from dock2sh.dockerfile.gotext import FALSE, TRUE, quoted
from dock2sh.model import Git
from dock2sh.plan.paths import clean
from dock2sh.source import Refused, refuse

_PROTOCOL = r"([a-zA-Z0-9]+)://"
_SCP = r"(?s)(?:([a-zA-Z0-9_-]+)@)([a-zA-Z0-9-.]+):(.*?)(?:\?(.*?))?(?:#(.*))?\Z"
LOCAL = "github.com/"
"""What begins so is a path to COPY and ADD, of which BuildKit reads the `?` as a repository's all the same."""
_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2}).{0,2}")
_BARE = ("submodules", "keep-git-dir", "fetch-by-commit")


def _bad(message: str, near: str) -> Refused:
    return refuse("git", message, near=near, hint="https://HOST/PATH.git#REF:SUBDIR, or ?ref=REF&subdir=DIR")


def is_url(source: str) -> bool:
    """Whether `source` is fetched over HTTP (semantics.md 1.6, 17)."""
    return source.startswith(("http://", "https://"))


def git_of(source: str) -> tuple[str, str, Git, bool | None] | None:
    """The repository that `source` names: URL, checksum, the rest, and its own keep-git-dir; None if it names none.

    Raises Refused for a repository with a bad query.
    """
    if source.startswith(("./", "../")):
        return None
    if source.startswith(LOCAL):
        _of_url("https://" + source)  # for its refusal
        return None
    if protocol := re.match(_PROTOCOL, source):
        kind, path = protocol[1].lower(), unquote(source.partition("://")[2].partition("#")[0].partition("?")[0])
        is_git = kind in ("ssh", "git") or (kind in ("http", "https") and path.endswith(".git"))
        return _of_url(source) if is_git else None
    match = re.match(_SCP, source)
    return _queried(f"{match[1]}@{match[2]}:{match[3]}", match[5] or "", match[4] or "") if match else None


def _of_url(source: str) -> tuple[str, str, Git, bool | None] | None:
    if wrong_url(source):
        return None
    parts = urlsplit(source)
    return _queried(urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), unquote(parts.fragment), parts.query)


def wrong_url(url: str) -> str:
    """What Go's net/url has against a URL, or ""."""
    if any(char < " " or char == "\x7f" for char in url):
        return "net/url: invalid control character in URL"
    whole, _, fragment = url.partition("://")[2].partition("#")
    host, _, path = whole.partition("?")[0].partition("/")
    if wrong := _wrong_host(host.rpartition("@")[2]):
        return wrong
    for part in (path, fragment):
        if bad := _BAD_ESCAPE.search(part):
            return f"invalid URL escape {quoted(bad[0])}"
    return ""


def _wrong_host(host: str) -> str:
    if host.startswith("[") and "]" not in host:
        return "missing ']' in host"
    port = host.rpartition("]")[2] if host.startswith("[") else ":" + host.rpartition(":")[2] if ":" in host else ""
    if not re.fullmatch("(?::[0-9]*)?", port):
        return f"invalid port {quoted(port)} after host"
    bad = re.search(r"[ #/?@\\^`{|}]", host)
    if bad:
        return f"invalid character {quoted(bad[0])} in host name"
    try:
        urlsplit("//" + host)
    except ValueError:  # an address in brackets that is none
        return "invalid host"
    return ""


def _queried(url: str, fragment: str, query: str) -> tuple[str, str, Git, bool | None]:
    """The repository with what its fragment and its query string ask for."""
    ref, colon, subdir = fragment.partition(":")
    subdir = clean("/" + subdir)[1:] if colon else ""
    found: dict[str, str] = {}
    pairs = [pair for pair in query.split("&") if ";" not in pair and not _BAD_ESCAPE.search(pair)]  # Go takes no others
    for key, values in parse_qs("&".join(pairs), keep_blank_values=True).items():
        if len(values) > 1:
            raise _bad(f"query {quoted(key)} has multiple values", key)
        if not values[0] and key not in _BARE:
            raise _bad(f"query {quoted(key)} has no value", key)
        if key not in (
            "ref",
            "tag",
            "branch",
            "subdir",
            "checksum",
            "commit",
            "keep-git-dir",
            "submodules",
            "mtime",
            "fetch-by-commit",
        ):
            raise _bad(f"unexpected query {quoted(key)}", key)
        found[key] = values[0]
    ref = _agreeing("ref", ref, found.get("ref", ""))
    subdir = _agreeing("subdir", subdir, found.get("subdir", ""))
    ref = _named_ref(ref, found)
    if found.get("mtime", "checkout") not in ("checkout", "commit"):
        raise _bad(f'invalid mtime value: {quoted(found["mtime"])} (must be "checkout" or "commit")', "mtime")
    keep, submodules, by_commit = (_boolean(found, key) for key in ("keep-git-dir", "submodules", "fetch-by-commit"))
    git = Git(ref, subdir, bool(keep), submodules is not False, found.get("mtime") == "commit", bool(by_commit))
    return url, found.get("checksum") or found.get("commit", ""), git, keep


def _agreeing(what: str, fragment: str, query: str) -> str:
    if fragment and query and fragment != query:
        raise _bad(f"{what} conflicts: {quoted(fragment)} vs {quoted(query)}", query)
    return query or fragment


def _named_ref(ref: str, found: dict[str, str]) -> str:
    """`tag=` and `branch=` as full references."""
    if found.get("tag") and found.get("branch"):
        raise _bad("branch conflicts with tag", "branch")
    for key, prefix in (("tag", "refs/tags/"), ("branch", "refs/heads/")):
        if name := found.get(key, ""):
            full = name if name.startswith(prefix) else prefix + name
            ref = _agreeing("ref", ref, full)
    return ref


def _boolean(found: dict[str, str], key: str) -> bool | None:
    if key not in found:
        return None
    value = found[key]
    if value not in ("", *TRUE, *FALSE):
        raise _bad(f"invalid {key} value: {quoted(value)}", value)
    return value not in FALSE


def fetch_of(source: str, checksum: str, keep: object) -> tuple[str, str, Git | None, object] | None:
    """What to fetch for `source`: its URL, the checksum to hold it to, git's part, and whether .git is kept if anybody says so;
    None if it is a local path."""
    if git := git_of(source):
        url, own, what, own_keep = git
        if keep is not None and own_keep is not None and keep != own_keep:
            raise _bad("inconsistent keep-git-dir configuration", "--keep-git-dir")
        if checksum and own and checksum != own:
            raise _bad(f"checksum mismatch {quoted(checksum)} != {quoted(own)}", "--checksum")
        keep = keep if own_keep is None else own_keep
        return url, own or checksum, what._replace(keep_git_dir=bool(keep)), keep
    if not is_url(source):
        return None
    if why := wrong_url(source):
        raise refuse("url", f"parse {quoted(source)}: {why}", near=source, hint="https://HOST/PATH")
    if checksum:
        check_digest(checksum)
    return source, checksum, None, keep


def check_digest(checksum: str) -> None:
    """A digest as go-digest takes it. Raises Refused."""
    algorithm, colon, value = checksum.partition(":")
    sizes = {"sha256": 64, "sha384": 96, "sha512": 128}
    hint = "--checksum=sha256: and 64 hexadecimal digits"
    if not colon or not re.fullmatch(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+", checksum):
        raise refuse("checksum", "invalid checksum digest format", near=checksum, hint=hint)
    if algorithm not in sizes:
        raise refuse("checksum", "unsupported digest algorithm", near=checksum, hint=hint)
    if len(value) != sizes[algorithm]:
        raise refuse("checksum", "invalid checksum digest length", near=checksum, hint=hint)
    if not re.fullmatch("[a-f0-9]+", value):
        raise refuse("checksum", "invalid checksum digest format", near=checksum, hint=hint)
