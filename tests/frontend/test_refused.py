"""Dockerfiles at the edges of BuildKit's grammar and evaluation, each with Docker 28.5's refusal ("": it takes it). The rows came
of reading its frontend side by side with ours."""

import re
import subprocess
from pathlib import Path

import pytest

import dock2sh
from dock2sh.bases import assumed
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused

QUOTE = "unexpected end of statement while looking for matching"
MANY = "9" * 5000

PARSED = [
    # of blanks alone a directive's value is the last; those that only Go's unicode has are a part of it
    ("# escape= \nFROM scratch\n", "invalid escape token ' ' does not match ` or \\"),
    ("# escape=\\\u00a0\nFROM scratch\n", "invalid escape token '\\\u00a0' does not match ` or \\"),
    ("# escape=`\v\nFROM scratch\n", "invalid escape token '`\v' does not match ` or \\"),
    ("# check= \n# escape=`\nFROM scratch\nLABEL a=b`\n c=d\n", ""),
    # an escape at the end of a word in double quotes is dropped, the word is not
    ('FROM scratch\nENV A="\\\\\\\n', f'failed to process "\\"\\\\\\\\": {QUOTE} double-quote'),
    ('FROM scratch\nARG A="b\\\\\\\n', f'failed to process "\\"b\\\\\\\\": {QUOTE} double-quote'),
    ("FROM scratch\nARG A='b\\\\\\\n", f'failed to process "\'b\\\\\\\\\\\\": {QUOTE} single-quote'),
    # a modifier's word is parted at blanks in quotes, too
    ("FROM scratch\nRUN echo ${a:-b <<'c d'}\n", f'failed to process "\'c": {QUOTE} single-quote'),
    ("FROM scratch\nRUN cat <<\rEOF\nFOO\nEOF\nBAR\n", "unknown instruction: BAR (did you mean ARG?)"),
    # HEALTHCHECK's first word is cut off byte by byte: no byte of a wide blank is one
    ("FROM scratch\nHEALTHCHECK CMD\u3000x\n", 'Unknown type "CMD\\u3000X" in HEALTHCHECK (try CMD)'),
    ("FROM scratch\nHEALTHCHECK CMD\u00a0x\n", 'Unknown type "CMD\ufffd" in HEALTHCHECK (try CMD)'),
    ('FROM scratch\nHEALTHCHECK CMD \u2003["x"]\n', ""),
    (f"FROM scratch\nCOPY {MANY}<<EOF /x\nFOO\nEOF\n", ""),
]


STAGES = [
    # an image that an instruction names is counted behind the stages, as is nothing for a mount of none
    ("FROM scratch\nCOPY --from=busybox /bin/busybox /b\nCOPY --from=1 /bin/busybox /c\n", ""),
    ("FROM busybox\nRUN --mount=type=cache,target=/x true\nCOPY --from=+1 /a /b\n", ""),
    ("FROM scratch\nCOPY --from=1 /bin/busybox /c\nCOPY --from=busybox /bin/busybox /b\n", "invalid stage index 1"),
    ("FROM scratch\nCOPY --from=+-1 /a /b\n", 'failed to parse stage name "+-1": invalid reference format'),
    ("# escape=`\nFROM scratch\nCOPY --from=a\\b /a /b\n", 'failed to parse stage name "a\\\\b": invalid reference format'),
    (
        "FROM busybox AS a\nRUN --mount=type=tmpfs,target=/x,from=b ls\nFROM busybox AS b\nFROM a\n",
        'cannot mount from stage "b" to "/x", stage needs to be defined before current command',
    ),
    (
        "FROM busybox AS a\nRUN --mount=type=ssh,from=b ls\nFROM busybox AS b\nFROM a\n",
        'cannot mount from stage "b" to "", stage needs to be defined before current command',
    ),
    ("FROM busybox AS scratch\nRUN --mount=target=/x ls\n", "circular dependency detected on stage: scratch"),
    (
        "FROM scratch AS a\nONBUILD COPY --from=Foo /x /x\nFROM a\n",
        'failed to parse stage name "Foo": invalid reference format: repository name (library/Foo) must be lowercase',
    ),
]


def mount(options: str) -> str:
    return f"FROM busybox\nRUN --mount='{options}' ls\n"


CSV = "failed to parse csv mounts: parse error on line 1, column"
FLAGS = [
    *((mount(f"type=tmpfs,target=/x,size={size}"), "") for size in ("1e3", ".5m", "5.m", "+5", "5 ", "1_000", "-0", "5kib")),
    *(
        (mount(f"type=tmpfs,target=/x,size={s}"), f"invalid value for size: {s}")
        for s in ("5ib", "5ki", " 5", "-1", "1e999", "k")
    ),
    (mount('type=tmpfs,"target=/x"y'), f'{CSV} 22: extraneous or missing " in quoted-field'),
    (mount('type=tmpfs,"target=/x'), f'{CSV} 13: extraneous or missing " in quoted-field'),
    (mount('type=tmpfs,target="/x"'), f'{CSV} 19: bare " in non-quoted-field'),
    (mount('type=tmpfs,"target=/x",'), "invalid field '' must be a key=value pair"),
    (mount('type=tmpfs,"target=/x","size=5"'), ""),
    (mount("type=cache,target=/x,uid=" + MANY), f"invalid value {MANY} for uid"),
    ("FROM busybox\nRUN --mount=target=/ --mount=type=foo,target=/x ls\n", 'unsupported mount type "foo"'),
    ("FROM busybox\nRUN --device=required=foo ls\n", "invalid value for required: foo"),
    ("FROM busybox\nRUN --network=x --mount=from=$x --device=a,b ls\n", "invalid field 'b' must be a key=value pair"),
    (
        "FROM busybox\nRUN --network=x --mount=from=$x ls\n",
        "'from' doesn't support variable expansion, define alias stage instead",
    ),
    ("FROM busybox\nRUN --device=a,name=b ls\n", "device name already set to a"),
    ("FROM busybox\nRUN --device=a,nam=c ls\n", "unexpected key 'nam' in 'nam=c' (did you mean name?)"),
    (f"FROM scratch\nHEALTHCHECK --retries={MANY} CMD x\n", f'strconv.ParseInt: parsing "{MANY}": value out of range'),
    (f"FROM scratch\nHEALTHCHECK --interval={MANY}s CMD x\n", f'time: invalid duration "{MANY}s"'),
    (f"FROM scratch\nHEALTHCHECK --interval=0.{MANY}s CMD x\n", ""),
]

WORDS = [
    (f"FROM scratch\nEXPOSE {MANY}\n", f"invalid containerPort: {MANY}"),
    ("FROM scratch\nEXPOSE abc ${x:?y}\n", 'failed to process "${x:?y}": x: y'),
    ("FROM scratch\nEXPOSE [::1:80:90\n", "invalid IP address [::1: address [::1:: missing ']' in address"),
    ("FROM scratch\nEXPOSE [::1]x:80:90\n", "invalid IP address [::1]x: address [::1]x:: missing port in address"),
    ("FROM scratch\nEXPOSE ::1]:80:90\n", "invalid IP address: ::1]"),
    ("FROM scratch\nEXPOSE [fe80::1%eth0]:80:90\n", "invalid IP address: fe80::1%eth0"),
    *((f"FROM scratch\nEXPOSE {address}:80:90\n", "") for address in ("[]", "[::1]", "::1", "[1.2.3.4]")),
    (f"FROM scratch\nSTOPSIGNAL {MANY}\n", f"invalid signal: {MANY}"),
    ("FROM scratch\nSTOPSIGNAL 99999999999999999999\n", "invalid signal: 99999999999999999999"),
    ("FROM scratch\nSTOPSIGNAL -9\n", ""),
    # what a repository says of its commit and its .git holds for the sources behind it, too
    (
        "FROM scratch\nADD https://h.invalid/a.git?keep-git-dir=true https://h.invalid/b.git?keep-git-dir=false /x/\n",
        "inconsistent keep-git-dir configuration",
    ),
    (
        "FROM scratch\nADD https://h.invalid/a.git?checksum=abc https://h.invalid/b.git?checksum=def /y/\n",
        'checksum mismatch "abc" != "def"',
    ),
    ("FROM scratch\nADD https://h.invalid/a.git?commit=abc https://h.invalid/x /y/\n", "invalid checksum digest format"),
    ("FROM scratch\nADD https://h.invalid/x https://h.invalid/a.git?commit=abc /y/\n", ""),
    # a path that begins with github.com/ is one of the context, and its `?` is a repository's
    ("FROM scratch\nCOPY github.com/foo/b?r /x/\n", 'query "r" has no value'),
    ("FROM scratch\nADD github.com/foo/b?r=1 /x/\n", 'unexpected query "r"'),
    ("FROM scratch\nCOPY github.com/foo/b?%&a;b /x/\n", ""),  # Go leaves such parts of a query out
    ("FROM scratch\nADD --checksum=abc github.com/foo/bar /x/\n", ""),
]

ROWS = [*PARSED, *STAGES, *FLAGS, *WORDS]


def ours(text: str) -> str:
    """Why a plan of this is refused, or ""."""
    try:
        dock2sh.evaluate(dock2sh.parse(text), Options(), assumed)
    except Refused as refused:
        return refused.diagnostic.message
    return ""


def docker(text: str, folder: Path) -> str:
    """Docker's reason, or ""; its exit status does not tell, for a warning is one to it."""
    (folder / "Dockerfile").write_bytes(text.encode())
    done = subprocess.run(["docker", "build", "--check", folder], check=False, capture_output=True, text=True)
    found = re.search(r"^ERROR: (?:dockerfile parse error on line \d+: )?(.*)$", done.stdout + done.stderr, re.MULTILINE)
    return found[1] if found and "lint violation" not in found[1] else ""


@pytest.mark.parametrize(("text", "message"), ROWS)
def test_refused_in_dockers_words(text: str, message: str) -> None:
    assert ours(text) == message


@pytest.mark.docker
@pytest.mark.parametrize(("text", "message"), ROWS)
def test_docker_says_the_same(tmp_path: Path, text: str, message: str) -> None:
    assert docker(text, tmp_path) == message


def test_a_stage_without_a_name_is_meant_too() -> None:
    """`docker build --target stage-1` of one stage says so."""
    with pytest.raises(Refused, match=r'target stage "stage-1" could not be found \(did you mean stage-0\?\)'):
        dock2sh.evaluate(dock2sh.parse("FROM scratch\n"), Options(target="stage-1"), assumed)
