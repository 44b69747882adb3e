"""Sentences about shell words that were not true once, or not there: what a stranger found by classes of mistakes."""

import pytest
from explaining import explained, meanings, steps

from dock2sh.explain.language import plain


def told(run: str) -> list[tuple[str, str, str]]:
    """Each command of a RUN of bash's: when it is done, in what it stands, and its text."""
    step = list(steps(explained(f'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN {run}\n')))[-1]
    assert not step.unread
    return [(plain(each.joined), plain(each.inside), each.code) for each in step.commands]


def means(run: str) -> dict[str, str]:
    return meanings(f"FROM debian:12\nRUN {run}\n", 2)


def test_until_is_not_while() -> None:
    assert told("until nc -z db 5432; do sleep 1; done")[0] == ("", "as long as this fails", "nc -z db 5432")
    assert told("while nc -z db 5432; do sleep 1; done")[0] == ("", "as long as", "nc -z db 5432")


def test_what_set_e_overlooks_in_a_list_that_ends_with_or() -> None:
    assert told("set -e; A && B || C; D")[-1][0] == "then, unless what stands behind the last && or || has failed (set -e)"


@pytest.mark.parametrize(
    ("question", "word", "says"),
    [
        ("[ -a f ]", "-a f", "is there such a file? (bash only; dash fails)"),
        ("[ ! -a f ]", "-a f", "is there such a file? (bash only; dash fails)"),
        ("[ x -a y ]", "-a", "and"),
        ("[ -f x -a -f y ]", "-a", "and"),
        ("[ -f x -a -a y ]", "-a y", "is there such a file? (bash only; dash fails)"),
        ("[ -o pipefail ]", "-o pipefail", "is that option of the shell on? (bash only; dash fails)"),
        ("[ a = b -o c = d ]", "-o", "or"),
    ],
)
def test_an_a_that_is_no_and(question: str, word: str, says: str) -> None:
    assert means(question)[word] == says


def test_coproc() -> None:
    assert told("coproc tail -f x; echo a") == [
        ("", "", "coproc"),
        ("", "", "tail -f x"),
        ("then, whatever became of that", "", "echo a"),
    ]
    assert [row[2] for row in told("coproc MY { cat; date; }; kill $MY_PID")] == ["coproc MY", "cat", "date", "kill $MY_PID"]
    assert [row[2] for row in told("a && coproc while read x; do b; done")] == ["a", "coproc", "read x", "b"]
    assert told("echo coproc x")[0][2] == "echo coproc x"


def test_time_with_options_is_a_program() -> None:
    """In dash `time` is one anyhow; bash takes the word after it for the command, unless that is -p."""
    assert told("time -p ls")[0][2] == "time -p"
    assert told("time -v ls") == [("", "", "time -v ls")]
    assert told("A=1 time ls") == [("", "", "A=1 time ls")]
    assert told("A=1; time ls")[1][2] == "time"
    assert means("A=1 time ls")["ls"] == "lists files"


def test_javas_options_behind_jar() -> None:
    said = means("java -jar -Xmx1g app.jar --port 80")
    assert said["-Xmx1g"] == "how much memory"
    assert said["app.jar"] == "the program, in a jar file"
    assert said["--port 80"] == "what it is told"


def test_a_text_that_env_takes_apart() -> None:
    assert means('env -S "A=1 node --x" app.js')["app.js"] == "what stands behind those words"


def test_a_package_that_apt_is_to_remove() -> None:
    said = means("apt-get install -y nginx apache2- ./x.deb")
    assert said["nginx"] == "a package to install"
    assert said["apache2-"] == "a package to remove: that is what the - at its end says"


def test_make_without_a_number() -> None:
    assert means("make -j")["-j"] == "as many jobs at once as there are"
    assert means("make -sj")["-j"] == "as many jobs at once as there are"
    assert means("cabal build --jobs x")["--jobs"] == "as many at once as there are processors"
    assert means("cmake --build . -j")["-j"] == "as many jobs at once as the build tool likes"
    assert means("make -j4")["-j4"] == "so many jobs at once"


def test_a_dash_for_a_script() -> None:
    said = means("curl -fsSL https://example.com/x | bash -")
    assert said["-"] == "what follows is no option; where no script follows, it runs what comes through the pipe"
    assert means("bash - x.sh")["x.sh"].startswith("the script that it runs")


def test_what_cargo_hands_to_the_tests() -> None:
    assert means("cargo test -- --nocapture")["--nocapture"] == "the rest is for the tests"
    assert means("cargo test one -- --nocapture")["one"] == "which"


def test_what_gem_hands_to_the_compiler() -> None:
    said = means("gem install nokogiri:1.16.0 -- --use-system-libraries true")
    assert said["--use-system-libraries true"] == "the rest is for compiling it"


def test_what_gcc_hands_to_the_linker() -> None:
    assert means("gcc -Wall -Wl,-rpath,/x a.c")["-Wl,-rpath,/x"] == "what the linker is told"
    assert means("gcc -Wall -Wl,-rpath,/x a.c")["-Wall"] == "warnings"


def test_where_a_url_in_a_variable_leads() -> None:
    def downloads(text: str) -> list[str]:
        sections = explained(f"FROM debian:12\nENV V=1 URL=https://example.com/x-1.tgz\n{text}\n").sections
        return [plain(item.text) for section in sections if plain(section.title) == "Downloads" for item in section.items]

    assert downloads("RUN wget $URL")[0] == "$URL, https://example.com/x-1.tgz here: nothing checks it"
    assert downloads("RUN wget https://a/${V}.tgz")[0].startswith("https://a/${V}.tgz, https://a/1.tgz here")
    assert downloads("RUN V=2; wget https://a/${V}.tgz")[0] == "https://a/${V}.tgz: nothing checks it"
    assert downloads("RUN wget https://a/$W.tgz")[0] == "https://a/$W.tgz: nothing checks it"
    assert downloads("RUN wget 'https://a/$V.tgz'")[0] == "https://a/$V.tgz: nothing checks it"


def test_the_user_is_named_once() -> None:
    facts = {plain(fact.name): plain(fact.value) for fact in explained("FROM debian:12\nUSER 1000:5\n").start.facts}
    assert facts["user"] == "1000:5"
