"""What is no command in a shell text: questions, loops, substitutions, redirections. Each was left out or said wrongly once."""

import time

from explaining import explained, meanings, steps

from dock2sh.commands.apart import take_apart
from dock2sh.explain.commands import commands
from dock2sh.explain.language import plain
from dock2sh.shell import read

BASH = 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\n'


def rows(run: str) -> list[str]:
    """`when, in what: TEXT = MEANING` of each piece that is no name of a command."""
    step = list(steps(explained(f"{BASH}RUN {run}\n")))[-1]
    return [
        f"{', '.join(filter(None, (plain(command.joined), plain(command.inside))))}: {part.text} = {plain(part.says)}"
        for command in step.commands
        for part in command.parts
    ]


def variables(run: str) -> dict[str, str]:
    step = list(steps(explained(f"{BASH}RUN {run}\n")))[-1]
    return {each.name: plain(each.origin) for each in step.variables}


def test_a_question_of_bash_is_told() -> None:
    assert rows("[[ -n $x ]] && (( y > 2 ))") == [
        ": [[ = asks a question (bash, and busybox's ash); the exit status tells",
        ": -n $x = is the text not empty?",
        ": ]] = the question ends",
        "if that went well: (( = computes (bash only); fails if that comes to 0",
        "if that went well: y > 2 = what",
        "if that went well: )) = the end of that",
    ]


def test_what_a_loop_goes_over_is_told_and_when_it_begins() -> None:
    found = rows("a; for f in *.c $(b); do c; done || while d; do e; done; for ((;;)); do f; done; time for x; do g; done")
    assert [row for row in found if "for" in row.partition(" = ")[0]] == [
        "then, whatever became of that: for f in *.c $(b) = for each of these, as the variable f",
        "then, whatever became of that: for ((;;)) = as often as that says (bash only)",
        ": for x = for each of $1, $2, …, as the variable x",
    ]
    assert any(row.startswith("each time: c =") for row in found)
    assert any("time = tells how long that took" in row for row in found)


def test_how_the_command_before_went_is_told_once() -> None:
    found = rows("a && for f in b; do c; done")
    assert found[1].startswith("if that went well: for f in b")
    assert found[2].startswith("each time: c =")


def test_a_case_is_told_with_what_comes_before_it_and_behind_it() -> None:
    found = rows("a && case $x in b) c ;& d) e ;; esac > /f")
    assert found[1] == "if that went well: case $x in = does what stands at the first pattern that fits"
    assert [row.partition(":")[0] for row in found[2:4]] == ["in the case b", "in the case b|d"]  # `;&` goes on
    assert found[4].startswith("for all of that together: > /f = puts what it prints")


def test_a_process_substitution_is_a_file_and_no_word() -> None:
    found = rows("diff <(sort a) b | tee >(c)")
    assert "its output is read like a file (bash): a = the file" in found
    assert any(row.startswith("it reads what is written into that file (bash): c = ") for row in found)


def test_a_redirection_that_keeps_its_number_in_a_variable() -> None:
    found = rows("exec {fd}>/x; echo a 2>&3- >&$fd; exec {fd}>&-")
    assert found[0].endswith("exec = sends this shell's own input and output elsewhere from here on")
    assert found[1].endswith("{fd}>/x = opens this under a number of its own, which the variable fd then holds (bash only)")
    assert "2>&3- = sends errors where descriptor 3 goes, and closes descriptor 3" in " ".join(found)
    assert found[-1].endswith("{fd}>&- = closes what has the number that the variable fd holds (bash only)")


def test_what_a_shell_sets_by_itself_is_not_empty() -> None:
    """Seen in a build: dash has PWD, IFS, PPID and OPTIND, bash the others, too; neither has USER."""
    said = variables("echo $PWD $HOSTNAME $RANDOM ${PIPESTATUS[0]} $USER")
    assert said["PWD"] == "the shell itself sets it"
    assert said["HOSTNAME"] == said["RANDOM"] == said["PIPESTATUS"] == "bash sets it itself; other shells may not"
    assert said["USER"] == "nothing sets it: it is empty"
    step = list(steps(explained("FROM debian:12\nCMD echo $HOSTNAME $PWD\n")))[-1]
    assert [plain(each.origin) for each in step.variables] == [
        "the name of the container, which docker gives it",
        "the shell itself sets it",
    ]
    copied = list(steps(explained("FROM debian:12\nCOPY a $PWD/\n")))[-1]  # docker puts it in, and no shell
    assert plain(copied.variables[0].origin) == "nothing sets it: it is empty"


def test_variables_that_the_text_itself_sets() -> None:
    for run in (
        "for ((i = 0; i < 3; i++)); do echo $i; done", "((n += 2)); echo $n", "while getopts ab o; do echo $o; done",
        "printf -v p %s x; echo $p", "mapfile -t m < x; echo $m", "exec {f}>x; echo >&$f", "a[1]=2; echo $a",
        "select s in a; do echo $s; done",
    ):  # fmt: skip
        assert not variables(run), run


def test_what_a_function_is_told() -> None:
    said = meanings("FROM debian:12\nRUN f() { make; }; f all -x\n", 2)
    assert said["all -x"] == "its $1, $2, …"
    over = "FROM debian:12\nRUN make() { command make -j4; }; make -n all\n"  # a function goes before the program of its name
    assert meanings(over, 2)["-n all"] == "its $1, $2, …"


def test_an_element_of_a_list_is_set() -> None:
    assert rows("a[3]=5; b+=c")[0] == ": a[3]=5 = the variable a"
    assert rows("a[3]=5; b+=c")[1].endswith("b+=c = the variable b")


def test_many_of_them_take_no_time() -> None:
    """Of 9,000 groups with a redirection each was looked for among all: half a minute."""
    for unit in ("{ a; } > x;", "time a;", "for x in a; do b; done;"):
        read(unit * 2000)  # bashlex's own time
        begun = time.process_time()
        commands(take_apart(unit * 2000), None)
        assert time.process_time() - begun < 5, unit


def test_where_a_group_writes_is_told_behind_it_whatever_a_shell_within_does_later() -> None:
    """golang's `{ … } >> go.env` was told at the end of the RUN, behind the `exit` of a `sh -c` there."""
    told = rows("{ echo a; } >> f; b=1; find / -exec sh -c 'ls && exit 3' -- {} +")
    assert [row.partition(" = ")[0] for row in told][2:4] == [
        "for all of that together: >> f",
        "then, whatever became of that: b=1",
    ]


def test_when_a_loop_begins_is_told_at_its_head_however_deep_its_first_command() -> None:
    """autoware's `&& for f in …; do if [ -f "$f" ]`: each round was told to ask how the command before the loop went."""
    for first in ("if [ -f $f ]; then ls; fi", "(ls)", "while [ -f $f ]; do ls; done", "{ if ls; then ls; fi; }"):
        told = [row for row in rows(f"true && for f in a b; do {first}; done") if "if that went well" in row]
        assert [row.partition(":")[2] for row in told] == [" for f in a b = for each of these, as the variable f"]


def test_docker_sets_home_whatever_the_shell_reads() -> None:
    home = variables(". ~/.profile && echo $HOME")["HOME"]
    assert home == "the home directory of the user, which docker looks up in /etc/passwd"
