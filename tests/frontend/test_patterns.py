"""Wildcards: what an expression matches here and in every awk, as Go's filepath.Match and moby's patternmatcher have it.

The tables are what docker 28 did with files of these names.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from dock2sh.plan.exclusions import exclude_regex
from dock2sh.plan.patterns import glob_regex, search
from dock2sh.source import Refused

PROGRAM = (Path(__file__).parents[2] / "dock2sh/runtime/programs/bytes.awk").read_text()
AWKS = [awk for awk in (["mawk"], ["gawk"], ["busybox", "awk"], ["awk"]) if shutil.which(awk[0])]

GLOBS = [
    ("?", "1 é 日 🎉", "11 éé é1 日本"),
    ("??", "aé éa éé 日本 ab", "é 日 日本語 a"),
    ("[é]*", "é éa éé", "è a ü1"),
    ("[à-ü]?", "éa éé ü1 üx", "a1 日1 é Àx"),
    ("[一-龥]x", "日x 本x", "éx ax 🎉x 日"),
    ("[^a]x", "bx éx 日x", "ax aéx éa"),
    ("[^é]y", "ay èy 日y", "éy y yy1"),
    ("*é", "é aé éé", "éa e"),
    ("a[^x]b", "a/b aZb aéb", "axb a//b"),
    ("q[.-0]r", "q/r q.r q0r", "qar q-r"),
    ("[z-a]", "", "z a m"),
    ("[\\]\\-]x", "]x -x", "\\x ax"),
    ("[\\^a]x", "^x ax", "bx \\x"),
    ("[^\\]a]x", "bx -x", "]x ax"),
    ("\\[br\\]", "[br]", "b br"),
    ("\\d?", "d1 dé", "11 d"),
    ("[!-~]k", "!k ak ~k", "ék k"),
]
EXCLUDES = [
    ("*^b", "b", "a^b ^b"),
    ("b*\\", "b$ bx$ bx$y", "b bx b\\"),
    ("\\d1", "71", "d1 71/x"),
    ("[[:alpha:]]x", "fx ax", ":x :]x lx1"),
    ("[\\d]z", "7z", "dz"),
    ("q\\.q", "q.q", "qqq"),
    ("w[a\\]b]w", "w]w wbw", "wxw"),
    ("+p*", "+p1 +p", "pp1 p +p/x"),
    ("r|s*", "r r1 s1 xs r/x", "R s/y"),
    ("t{2}*", "tt1 tt", "t{2}1 t1"),
    ("*.{x,y}", "m.{x,y}", "m.x m.y"),
    ("a|b", "a|b", "a b"),
    ("[^é]4", "x4 日4 /4", "é4"),
    ("??5", "éé5 日本5", "é5 5"),
    ("**/e/**", "e/k e/g/x q/e/z", "e q/e abe"),
    ("**e/**", "e/k e/g/x q/e/z", "e q/e abe/x"),
    ("**/**", "a a/b a/b/c", ""),
    ("****", "a a/b a/b/c", ""),
    ("**/e/**/**", "e/k e/g/x q/e/z", "e q/e abe"),
    ("**/e/g/**", "e/g/x q/e/g/x/y", "e/g e/k g/x"),
    ("***/e", "q/e a/q/e", "e abe"),
    ("**/e**", "e q/e e/k", "abe"),
    ("**e", "e abe q/e", "e/k"),
    ("e/**", "e/k e/g/x", "e q/e/z"),
    ("foo/**/b?r", "foo/bar foo/x/y/bér", "foo/br bar foo/bar/deep"),
    ("\\x61?", "ab aa", "x61b xab"),
    ("\\x{61}b", "ab", "x{61}b"),
    ("\\141?", "ab", "141b"),
    ("\\Aa?", "ab", "Aab bab"),
    ("a?\\z", "ab", "abz"),
    ("a\\_b?", "a_bc", "a\\_b"),
    ("bin\\bar*", "", "binbar bin/bar"),  # \b within a word: never
    ("b\\b-a*", "b-a b-ab", "bb-a"),
    ("\\node*", "", "node nodes"),  # \n is a newline
    ("^{2}a?", "ab", "bab"),
    ("{2}a?", "ab", "bab {2}ab"),
    ("{0}b?", "bx abx", "b"),
    ("q*[a-]b?", "qxabc q-bc", "qbc"),
    ("q*[]a]", "q] qa qxa", "q"),
]
TABLES = (("glob", glob_regex, GLOBS), ("exclude", exclude_regex, EXCLUDES))
CASES = [(make(glob), good, bad) for _, make, table in TABLES for glob, good, bad in table]
NAMES = [f"{kind} {glob}" for kind, _, table in TABLES for glob, *_ in table]


@pytest.mark.parametrize(("regex", "good", "bad"), CASES, ids=NAMES)
def test_here(regex: str, good: str, bad: str) -> None:
    assert [name for name in good.split() if not search(regex, name)] == []
    assert [name for name in bad.split() if search(regex, name)] == []


@pytest.mark.parametrize("awk", AWKS, ids=" ".join)
def test_in_awk(awk: list[str]) -> None:
    for (regex, good, bad), name in zip(CASES, NAMES, strict=True):
        program = PROGRAM + 'BEGIN { wanted = bytes(ENVIRON["ere"]) } $0 ~ wanted'
        environment = {"ere": regex, "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        names = "\n".join([*good.split(), *bad.split(), ""])
        done = subprocess.run([*awk, program], input=names, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == good.split(), (name, regex, done.stderr)


@pytest.mark.parametrize("glob", ["[", "[a", "[]a]", "[a-]", "[-a]", "\\", "a[\\"])
def test_bad_patterns(glob: str) -> None:
    for made in (glob_regex, exclude_regex):
        with pytest.raises(Refused, match="syntax error in pattern"):
            made(glob)


@pytest.mark.parametrize(
    "glob",
    [
        "[[:nope:]]x",
        "[b-a]x",
        "\\1?",
        "\\8?",
        "\\y?",
        "?\\é",
        "[\\b]a?",
        "\\Ca",
        "*{2}",
        "|{2}a?",
        "?{1}{2}",
        "?{2,1}",
        "?{1001}",
        "q*x[",
        "x**{2}",
    ],
)
def test_what_go_takes_for_no_regular_expression(glob: str) -> None:
    """docker: failed to match excludepatterns: syntax error in pattern."""
    with pytest.raises(Refused, match="syntax error in pattern"):
        exclude_regex(glob)


@pytest.mark.parametrize("glob", ["\\pL*", "?\\bx", "\\Qa\\Eb?", "?{101}"])
def test_what_cannot_be_said_in_a_script(glob: str) -> None:
    with pytest.raises(Refused, match="cannot be expressed"):
        exclude_regex(glob)
