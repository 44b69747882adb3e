"""Shell text to commands: a table of texts with what is in them, and for any text at all: an answer, in time."""

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dock2sh.shell import Command, read
from dock2sh.shell.mask import Masker
from dock2sh.shell.quotes import Unreadable


def shown(command: Command) -> str:
    """`inside/…| before: NAME=VALUE word word >REDIRECT`."""
    inside = "/".join(command.inside)
    words = [word.value for word in (*command.assignments, *command.words)]
    redirects = [f"{r.descriptor}{r.operator}{r.target}" for r in command.redirects]
    return f"{inside}|{command.before}: {' '.join([*words, *redirects])}" + (" &" if command.background else "")


TABLE = {
    "a && b || c; d": ["|: a", "|&&: b", "|||: c", "|;: d"],
    "a | b |& c": ["|: a", "||: b", "||&: c"],
    "a &\nb": ["|: a &", "|&: b"],
    "a && b | c & (d; e) & f": ["|: a &", "|&&: b &", "||: c &", "()|&: d &", "()|;: e &", "|&: f"],
    "echo 'a b' \"c $d\" e\\ f $'g\\th'": ["|: echo a b c $d e f g\th"],
    "set -eux; case \"$a\" in x|y) foo 'a b' ;; *) echo >&2 no; exit 1 ;; esac; bar": [
        "|: set -eux",
        "case x|y|: foo a b",
        "case *|: echo no >&2",
        "case *|;: exit 1",
        "|;: bar",
    ],
    "if a; then b; elif c; then d; elif e; then f; else g; fi > x": [
        "if|: a", "then|: b", "if|: c", "then|: d", "if|: e", "then|: f", "else|: g",
    ],
    "for i in 1 $(seq 3); do echo $i; done | tee x": ["$()|: seq 3", "loop|: echo $i", "||: tee x"],
    "for ((i=0;i<3;i++)); do a; done": ["loop|: a"],
    "while ! a; do b; done": ["while/!|: a", "loop|: b"],
    "x=$(a && b | c) y=\"`d e`\" cmd \"$(f \"$(g)\")\" > /dev/null 2>&1 &": [
        '|: x=$(a && b | c) y=`d e` cmd $(f "$(g)") >/dev/null 2>&1 &',
        "$()|: a", "$()|&&: b", "$()||: c", "$()|: d e", "$()|: f $(g)", "$()/$()|: g",
    ],
    "echo ${x:-$(a && b)} $((1 << 2)) ${y#'}'}": ["|: echo ${x:-$(a && b)} $((1 << 2)) ${y#}}", "$()|: a", "$()|&&: b"],
    "! foo && (cd x && make)": ["!|: foo", "()|&&: cd x", "()|&&: make"],
    "[[ $a == b && -f c ]] && ((i++)) || arr=(1 2 3)": ["|: [[ $a == b && -f c ]]", "|&&: (( i++ ))", "|||: arr=(1 2 3)"],
    "[[ $a =~ ^v([0-9]+|x y)\\.(.*)$ ]] 2>&1 || b": ["|: [[ $a =~ ^v([0-9]+|x y)\\.(.*)$ ]] 2>&1".replace("\\", ""), "|||: b"],
    "if [[ -z $(a) ]]; then b; fi": ["if|: [[ -z $(a) ]]", "if/$()|: a", "then|: b"],
    "(( )); ((a<b))&&c": ["|: (( ))", "|;: (( a<b ))", "|&&: c"],
    "case $x in a) b;& c) d;;& *) e; esac > f": ["case a|: b", "case a|c|: d", "case *|: e"],
    "exec {fd}>x; a {b} >c; echo >&$fd 2>&3-": ["|: exec {fd}>x", "|;: a {b} >c", "|;: echo >&$fd 2>&3-"],
    "a[3]=5 b+=c d": ["|: a[3]=5 b+=c d"],
    "select x in a b; do c; done": ["loop|: c"],
    "a && time -p (b; c)": ["|: a", "()|&&: b", "()|;: c"],
    "tee >(a | b) < <(c)": ["|: tee >(a | b) <<(c)", ">()|: a", ">()||: b", "<()|: c"],
    "f() { echo hi; }; f": ["function f/{}|: echo hi", "|;: f"],
    "function g { a; }; g": ["function g/{}|: a", "|;: g"],
    "time make -j$(nproc)": ["|: make -j$(nproc)", "$()|: nproc"],
    "cat <<'EOF' > /x && foo\n a $b; rm -rf /\nEOF\nbar": ["|: cat <<'EOF' >/x", "|&&: foo", "|;: bar"],
    "cat <<A <<B > /x\n$(a)\nA\n\\$(n) $'x `b c` \"$(d)\" ${x:-$(e)}\nB\nf": [
        "|: cat <<A <<B >/x", "$()|: a", "$()|: b c", "$()|: d", "$()|: e", "|;: f",
    ],
    "cat <<'A'\n$(a)\nA": ["|: cat <<'A'"],
    "cat <<A\n$(a\nA\nb": ["|: cat <<A", "|;: b"],
    "{\ncat <<-EOF\n\trm -rf /\n\tEOF\n}": ["{}|: cat <<-EOF"],
    "diff <(a b) <(c)": ["|: diff <(a b) <(c)", "<()|: a b", "<()|: c"],
    "echo '${'x": ["|: echo ${x"],  # bashlex alone never ends
    "echo @(a|b) {c,d} é && ls": ["|: echo @(a|b) {c,d} é", "|&&: ls"],
    "foo \\\n  bar\\\nbaz # a comment\n# another": ["|: foo barbaz"],
    "true # && rm": ["|: true"],
    "'if' a; \"for\" b": ["|: if a", "|;: for b"],
    "# nothing": [],
    "": [],
    " \r\n\t": [],
}  # fmt: skip


@pytest.mark.parametrize("text", TABLE)
def test_commands(text: str) -> None:
    script = read(text)
    assert [shown(command) for command in script.commands] == TABLE[text]
    assert not script.opaque


@pytest.mark.parametrize("text", ["a; ) ; b", "a && fi; b"])
def test_neighbours_of_what_cannot_be_read_are_read(text: str) -> None:
    script = read(text)
    assert [command.words[0].value for command in script.commands] == ["a", "b"]
    assert len(script.opaque) == 1


def test_a_long_text_is_read_as_a_short_one() -> None:
    """It goes statement by statement; nginx's own Dockerfile has a loop in a loop there."""
    for text in ("for a in b; do while c; do d; done; e; done; f", "a &&\nb & c", "a\n\nb"):
        short, long = read(f"{text}\n").commands, read(f"{text}\n: {'x' * 4000}\n")
        assert list(map(shown, short)) == list(map(shown, long.commands[:-1]))
        assert not long.opaque


def test_a_quote_that_is_not_closed_hides_everything() -> None:
    script = read('a; echo "b')
    assert not script.commands
    assert [(part.start, part.end, part.why) for part in script.opaque] == [(0, 10, "a double quote that is not closed")]


def test_places_are_places_in_the_text() -> None:
    text = "set -e; x=$(foo 'a  b') && cat <<E\nbody\nE\n"
    script = read(text)
    for command in script.commands:
        for word in (*command.assignments, *command.words):
            assert text[word.start : word.end] == word.raw
    assert script.commands[-1].redirects[0].body == "body\nE\n"


PIECES = st.sampled_from(
    (
        "a b $x ${x ${x:- } ' \" ` ( ) (( )) [[ ]] $( $(( <( { } ; ;; & && | || \n \\ \\\n # < > >> << <<- <<E E case in esac if"
        " then elif else fi for while do done function f() ! time = a= a=( $' $[ ] * ? ~ é \0 \x7f \ud800 select coproc ;& --"
        " 2>&1 &> <<< ;;& {fd}> >( =~ a[1]= time @( x|y"
    ).split(" ")
)
ANY = st.lists(PIECES, max_size=40).map(" ".join) | st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60)


@settings(max_examples=100, deadline=2000)
@given(ANY)
@example("'${'d")
@example("\"$(a | cut -d' ${' -f 3)\"")
@example("`\\`")
@example("$(" * 200)
@example("case x in a) " * 60)
@example("{ " * 300)
@example("if " * 300)
@example("<<E\n" * 50)
@example("echo " + "$((a; " * 30 + ") ) " * 30)  # hung: each level was read twice
@example("[[ $(" * 38 + ") ]]" * 38)
def test_any_text_is_answered(text: str) -> None:
    script = read(text)
    for part in (*script.commands, *script.symbols, *script.opaque):
        assert 0 <= part.start <= part.end <= len(text)
    for command in script.commands:
        assert all(text[word.start : word.end] == word.raw for word in command.words)


@settings(max_examples=100, deadline=2000)
@given(ANY)
def test_the_mask_keeps_every_place(text: str) -> None:
    try:
        masked = Masker(text).masked()
    except (Unreadable, RecursionError):
        return
    assert len(masked.text) == len(text)
    assert not set(masked.text) & set("'\"`$\\")


def test_long_texts_end_in_time() -> None:
    """A process of its own: what hangs can be stopped."""
    program = "from dock2sh.shell import read; print(len(read('a b && ' * 9000 + 'c').commands), len(read('x' * 200_000).opaque))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["9001", "1"]


def test_bashlex_is_imported_only_when_something_is_read() -> None:
    program = "import sys, dock2sh.shell, dock2sh.explain.whole; print('bashlex' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
