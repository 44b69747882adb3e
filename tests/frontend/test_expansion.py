"""Word expansion: a table of truths, each one semantics.md 1.1 or measured on BuildKit."""

import pytest

from dock2sh.dockerfile.deferred import Deferred, deferred_variable
from dock2sh.dockerfile.words import expand, split
from dock2sh.source import Refused

ENV = {"five": "5", "a": "abc", "e": "", "path": "/usr/local/lib/x.tar.gz", "d": "$0-$x", "stars": "a*b"}

EXPANSIONS = """
plain                 | plain
$a                    | abc
${a}x                 | abcx
$nope                 |
${nope}               |
$a한글                |
${a}한글              | abc한글
$aé                   |
$a²                   | abc²
'$a'                  | $a
"$a"                  | abc
"\\$a"                | $a
"\\n"                 | \\n
\\n                   | n
\\$a                  | $a
"a\\"b"               | a"b
x'y z'w               | xy zw
${nope:-d}            | d
${nope-d}             | d
${e:-d}               | d
${e-d}                |
${a:+y}               | y
${e+y}                | y
${e:+y}               |
${nope:-$a}           | abc
${nope:-"x y"}        | x y
${a#a}                | bc
${a%c}                | ab
${path##*/}           | x.tar.gz
${path#*/}            | usr/local/lib/x.tar.gz
${path%.*}            | /usr/local/lib/x.tar
${path%%.*}           | /usr/local/lib/x
${a#?}                | bc
${stars#a\\*}         | b
${a/b/X}              | aXc
${path//\\//-}        | -usr-local-lib-x.tar.gz
${path/l*/Z}          | /usr/Z
${a//b/[$d]}          | a[b-]c
${a//*/x}             | x
${e//*/x}             | x
${a//b*/x}            | ax
${a//b/<$00>}         | a<>c
$1 $@ $* $# $? $- $!  |
$                     | $
$%                    | $%
a\\                   | a
"""

REFUSED = """
"abc        | unexpected end of statement while looking for matching double-quote
'abc        | unexpected end of statement while looking for matching single-quote
${a         | unsupported modifier (\ufffd) in substitution
${          | syntax error: missing '}'
${a:-b'}    | syntax error: missing '}'
${a/b/'}    | syntax error: missing '}'
${a/b'}     | syntax error: missing '/' in ${}
${a/b}'     | syntax error: missing '/' in ${}
${}         | syntax error: bad substitution
${a:=x}     | unsupported modifier (:=) in substitution
${a:1:2}    | unsupported modifier (:1) in substitution
${a^^}      | unsupported modifier (^) in substitution
${#a}       | unsupported modifier (a) in substitution
${nope?}    | nope: is not allowed to be unset
${e:?}      | e: is not allowed to be empty
${nope:?m}  | nope: m
${a:#x}     | unsupported modifier (:#) in substitution
${a#\\x}    | invalid pattern (\\x) in substitution: invalid escape '\\x'
"""


def rows(table: str) -> list[tuple[str, str]]:
    """`left | right` lines, backslashes as they stand in a Dockerfile."""
    pairs = [line.replace("\\\\", "\\").rpartition(" | ") for line in table.strip("\n").replace("|\n", "| \n").split("\n")]
    return [(left.rstrip() if "|" in line else line, right) for (left, line, right) in pairs]


@pytest.mark.parametrize(("word", "value"), rows(EXPANSIONS))
def test_a_word_expands_to(word: str, value: str) -> None:
    assert expand(word, ENV.get).strip() == value.strip()


@pytest.mark.parametrize(("word", "message"), rows(REFUSED))
def test_a_word_is_refused_with_buildkits_message(word: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        expand(word, ENV.get)
    assert refused.value.diagnostic.message.endswith(message)


def test_the_backtick_escapes_when_it_is_the_escape() -> None:
    assert expand('c:\\x`$a `"q', ENV.get, "`") == 'c:\\x$a "q'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ["a", "b"]),
        ("'a b' c", ["a b", "c"]),
        ("$a  $e x", ["abc", "x"]),
        (r"a\ b", ["a b"]),
        ("80 81/udp", ["80", "81/udp"]),
        # the word of a modifier takes the place of what its word had before it (docker build, EXPOSE, for each of these)
        ("80-${nope:-90}", ["90"]),
        ("7 1${five:-}2 8", ["7", "52", "8"]),
        ("1${five#*}2", ["52"]),
        ("1${five/5/6}2", ["62"]),
        ("1${nope:-${five:-3}}2", ["52"]),
        ('"1${five:-}2"', ["152"]),
        ('1"${five:-}"2', ["52"]),
        ("70/tcp${nope:+}", []),
        ("1${five}2", ["152"]),
    ],
)
def test_splitting_comes_after_expansion(text: str, words: list[str]) -> None:
    assert split(text, ENV.get) == words


@pytest.mark.parametrize(
    ("word", "shell"),
    [
        ("$X/bin:$a", "${BASE_X-}/bin:abc"),
        ("${X:-d}", "${BASE_X:-d}"),
        ("${X+y}", "${BASE_X+y}"),
        ("${X##*/}", "${BASE_X##*/}"),
        ("${X%[a]}", r"${BASE_X%\[a\]}"),
        ('"$X" \\$', r"${BASE_X-} \$"),
    ],
)
def test_what_only_the_base_image_knows_stays_a_shell_expansion(word: str, shell: str) -> None:
    value = expand(word, lambda name: ENV.get(name) or deferred_variable(name))
    assert isinstance(value, Deferred)
    assert value.shell == shell


def test_what_no_shell_can_express_is_refused() -> None:
    with pytest.raises(Refused, match="not at hand"):
        expand("${X/a/b}", deferred_variable)
