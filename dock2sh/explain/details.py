"""What a value itself says: permissions, an editing program, a version, a well-known path."""

import re

from dock2sh.explain.language import Text, joined, say

_PATHS_SAY = {
    "/dev/null": "where everything vanishes",
    "/dev/stdout": "what the program prints",
    "/dev/stderr": "where errors are printed",
    "/var/lib/apt/lists": "the catalogue that `apt-get update` fetched, not needed any more",
    "/var/cache/apt": "what apt has downloaded",
    "/var/cache/apk": "what apk has downloaded",
    "/var/cache/yum": "what yum has downloaded",
    "/var/cache/dnf": "what dnf has downloaded",
    "/var/log": "logs",
    "/tmp": "temporary files",
    "/var/tmp": "temporary files",
    "/root/.cache": "what programs of root have kept for later",
    "/root/.npm": "what npm has downloaded",
    "/root/.gnupg": "root's keys",
    "/usr/share/doc": "documentation",
    "/usr/share/man": "the manual",
    "/etc/apt/sources.list": "where apt gets packages",
    "/etc/apt/sources.list.d": "where apt gets packages",
    "/etc/apt/keyrings": "the keys that package sources are signed with",
    "/usr/share/keyrings": "the keys that package sources are signed with",
    "/etc/apt/trusted.gpg.d": "the keys that apt trusts for every source",
    "/etc/passwd": "the list of users",
    "/etc/group": "the list of groups",
    "/etc/shadow": "the passwords of users",
    "/etc/sudoers": "who may become root",
    "/etc/sudoers.d": "who may become root",
    "/etc/ssh": "the settings of ssh",
    "/etc/ssl/certs": "the certificates that are trusted",
    "/etc/localtime": "the time zone",
    "/etc/timezone": "the time zone",
    "/etc/profile": "what login shells do first",
    "/etc/profile.d": "what login shells do first",
    "/root/.bashrc": "what interactive shells of root do first",
    "~/.bashrc": "what interactive shells do first",
    "/root/.ssh": "root's keys for other machines",
    "/etc/environment": "variables of whoever logs in; docker does not read it",
    "/etc/hosts": "names of hosts; docker writes its own for every container",
    "/etc/resolv.conf": "where names of hosts are asked for; docker writes its own for every container",
    "/usr/local/bin": "programs that are no package of the system",
    "/etc/nginx": "the settings of nginx",
    "/usr/share/nginx/html": "the pages that nginx shows",
    "/var/www/html": "the pages that the web server shows",
    "/proc": "the kernel's view of processes",
    "/sys": "the kernel's view of the machine",
}


def path(text: str) -> Text:
    """What is at a well-known path, or at the directory above it for `DIR/*` and files in it; else nothing."""
    bare = text.rstrip("/").removesuffix("/*").rstrip("*").rstrip("/") or "/"
    if bare in _PATHS_SAY:
        return say(_PATHS_SAY[bare])
    above = bare.rpartition("/")[0]
    return (
        say(_PATHS_SAY[above])
        if above in ("/etc/apt/sources.list.d", "/etc/sudoers.d", "/etc/apt/keyrings", "/etc/profile.d")
        else ()
    )


_RIGHTS_SAY = {4: "read", 2: "write", 1: "execute"}


def mode(text: str) -> Text:
    """An octal mode or a usual symbolic one in words; nothing for others."""
    if re.fullmatch(r"[0-7]{3,4}", text):
        return _octal(int(text, 8))
    special = re.fullmatch(r"([ugoa]*)([+-])([st]+)", text)
    if special:
        return _special(special[1] or "a", special[2], special[3])
    match = re.fullmatch(r"([ugoa]*)([+=-])([rwxX]+)", text)
    if match and not match[1] and match[2] == "=":  # what the umask has it leaves alone
        return ()
    if match and not match[1] and "w" in match[3]:  # without a letter chmod heeds the umask, which is 022 in a build
        return _symbolic("u", match[2], "w") if match[3] == "w" else ()
    if match:
        return _symbolic(match[1] or "a", match[2], match[3])
    return ()


def _octal(bits: int) -> Text:
    owner, group, others = (_rights(bits >> shift & 7) for shift in (6, 3, 0))
    said = say("owner: {owner}; group: {group}; others: {others}", owner=owner, group=group, others=others)
    return joined([said, *(say(text) for bit, text in _SPECIAL_SAY.items() if bits & bit)], "; ")


_SPECIAL_SAY = {
    0o4000: "runs with its owner's rights (setuid)",
    0o2000: "with its group's rights, or passes its group on (setgid)",
    0o1000: "only owners delete in it (sticky)",
}


def _special(who: str, sign: str, rights: str) -> Text:
    """`u+s`, `g-s`, `+t`: nobody's right to do something."""
    asked = {
        0o4000: "s" in rights and set(who) & set("ua"),
        0o2000: "s" in rights and set(who) & set("ga"),
        0o1000: "t" in rights,
    }
    said = joined([say(text) for bit, text in _SPECIAL_SAY.items() if asked[bit]], "; ")
    return (*say("no longer: "), *said) if said and sign == "-" else said


def _rights(bits: int) -> Text:
    rights = [say(_RIGHTS_SAY[bit]) for bit in (4, 2, 1) if bits & bit]
    return joined(rights, ", ") if rights else say("nothing")


def _symbolic(who: str, sign: str, rights: str) -> Text:
    names = {"u": say("its owner"), "g": say("its group"), "o": say("others"), "a": say("everybody")}
    can = {
        "r": say("read"), "w": say("write"), "x": say("execute"), "X": say("execute, where somebody may"),
    }  # fmt: skip
    whom = joined([names[letter] for letter in dict.fromkeys(who)], ", ")
    what = joined([can[letter] for letter in dict.fromkeys(rights)], ", ")
    if sign == "-":
        return say("{who} may no longer {what}", who=whom, what=what)
    if sign == "=":
        return say("{who} may {what}, and nothing else", who=whom, what=what)
    return say("{who} may {what}", who=whom, what=what)


_ADDRESS = re.compile(r"(?:(?P<line>\d+)|(?P<last>\$)|/(?P<match>(?:\\.|[^/\\\n])+)/(?P<case>I?))?[ \t]*")
_SUBSTITUTION = re.compile(r"s([^\w\s\\])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gIi]*)\s*\Z", re.DOTALL)
_INSERTION = re.compile(r"([aic])(?:[ \t]*\\\n|[ \t]*\\?[ \t]*)(?P<text>[^\n\\]+)\Z")


def sed(text: str) -> Text:
    """A program of one command (a substitution, a deletion, lines that are added) in words; nothing for others."""
    address = _ADDRESS.match(text)
    assert address
    command = text[address.end() :]
    if command.strip() == "d" and address[0].strip():
        return _deleted(address)
    done = _substituted(command) or _inserted(command)
    where = _where(address)
    return (*where, *done) if done and where else done


def _where(address: re.Match[str]) -> Text:
    if address["line"]:
        return say("only in line {line}: ", line=address["line"])
    if address["last"]:
        return say("only in the last line: ")
    if address["match"]:
        return say("only in lines that match `{pattern}`: ", pattern=address["match"])
    return ()


def _deleted(address: re.Match[str]) -> Text:
    if address["line"]:
        return say("deletes line {line}", line=address["line"])
    if address["last"]:
        return say("deletes the last line")
    return say("deletes lines that match `{pattern}`", pattern=address["match"])


def _substituted(command: str) -> Text:
    match = _SUBSTITUTION.match(command)
    if match is None:
        return ()
    pattern, new, flags = match[2], match[3], match[4]
    often = say("every time it comes") if "g" in flags else say("once a line")
    case = say(" (in capitals or not)") if set(flags) & {"I", "i"} else ()
    if not new:
        return say("deletes what matches `{pattern}`{case}, {often}", pattern=pattern, case=case, often=often)
    return say("replaces `{pattern}`{case} by `{new}`, {often}", pattern=pattern, case=case, new=new, often=often)


def _inserted(command: str) -> Text:
    match = _INSERTION.match(command)
    if match is None or match["text"].startswith(("}", ";")):
        return ()
    if match[1] == "a":
        return say("adds `{text}` as a line below", text=match["text"])
    if match[1] == "i":
        return say("adds `{text}` as a line above", text=match["text"])
    return say("puts `{text}` in the line's place", text=match["text"])


def host(url: str) -> str:
    """The host of a URL; empty if it has none that can be read."""
    match = re.match(r"[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?([^/:\s$]+)", url, re.IGNORECASE) or re.match(
        r"[^/@\s]+@([^:/\s$]+):", url
    )
    return match[1] if match else ""
