"""Sentences that were not true once: found by reading pages of public Dockerfiles, and beside containers that ran."""

import pytest
from explaining import explained, meanings, said, steps

from dock2sh.explain.language import plain


def row(text: str, typed: str) -> str:
    start = explained(f"FROM {text}").start
    return plain(next(row.says for row in start.rows if row.typed.startswith(typed)))


def test_a_base_image_with_an_unknown_variable_ends() -> None:
    """A public Dockerfile hung explain: COPY to `$PHP_INI_DIR/…` of an image that is not at hand."""
    assert explained("FROM a AS b\nFROM b\nWORKDIR /app\nCOPY --link x $PHP_INI_DIR/app.conf.d/\n", known=False)


def test_what_a_later_line_takes_the_place_of_has_no_effect() -> None:
    text = 'FROM debian:12 AS a\nENTRYPOINT ["x"]\nCMD one\nCMD two\nFROM a\nENTRYPOINT ["y"]\n'
    assert "the `CMD` of line 4" not in said(text, 3)  # code is marked otherwise
    assert "Without effect: the CMD of line 4" in said(text, 3)
    assert "Without effect: the ENTRYPOINT of line 6" in said(text, 4)
    assert "Without effect: the ENTRYPOINT of line 6" in said(text, 2)
    assert "every container starts" in said(text, 6)


def test_an_entrypoint_keeps_the_cmd_of_its_own_stage() -> None:
    assert "Without effect" not in said('FROM debian:12\nCMD ["b"]\nENTRYPOINT ["a"]\n', 2)


def test_a_stage_that_the_image_goes_on_from_is_not_thrown_away() -> None:
    text = "FROM debian:12 AS a\nFROM a AS b\nFROM a\nCOPY --from=b /x /\n"
    assert "all that it makes gets into the image" in said(text, 1)
    assert "thrown away" in said(text, 2)


def test_an_unknown_program_within_another_is_unknown() -> None:
    text = 'FROM debian:12\nRUN gosu postgres nosuch\nENTRYPOINT ["tini", "--", "start.sh"]\n'
    assert "unknown" in meanings(text, 2)["nosuch"]
    assert "unknown" in meanings(text, 3)["start.sh"]


def test_what_an_unknown_entrypoint_is_told() -> None:
    assert meanings('FROM debian:12\nENTRYPOINT ["/e"]\nCMD ["mysqld"]\n', 3)["mysqld"] == "what /e is told"


def test_a_healthcheck_stops_no_build() -> None:
    text = "FROM debian:12\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\n"
    assert "build" not in meanings(text, 2)["exit"]
    assert meanings(text, 2)["http://localhost/"] == "the URL"  # nobody is on that way


def test_containers_have_no_arg() -> None:
    text = "FROM debian:12\nARG PORT=80\nENV A=1\nCMD serve $PORT $A\nENV A=2\n"
    step = next(step for step in steps(explained(text)) if step.first == 4)
    assert {one.name: one.value for one in step.variables} == {"PORT": None, "A": "2"}


def test_a_mode_without_a_letter_heeds_the_umask() -> None:
    """chmod(1): as `a`, but bits that are set in the umask are not affected. A build has 022."""
    assert meanings("FROM debian:12\nRUN chmod +w a\n", 2)["+w"] == "the permissions: its owner may write"
    assert meanings("FROM debian:12\nRUN chmod +x a\n", 2)["+x"] == "the permissions: everybody may execute"


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("u+s", "runs with its owner's rights (setuid)"),
        ("g-s", "no longer: with its group's rights, or passes its group on (setgid)"),
        ("+t", "only owners delete in it (sticky)"),
        ("a-s", "no longer: runs with its owner's rights (setuid); with its group's rights, or passes its group on (setgid)"),
        ("o+s", ""),
        ("=r", ""),  # what the umask has it leaves alone
    ],
)
def test_setuid_is_nobodys_right(mode: str, says: str) -> None:
    assert meanings(f"FROM debian:12\nRUN chmod {mode} a\n", 2)[mode] == "the permissions" + (f": {says}" if says else "")


def test_a_value_that_the_text_itself_may_change_is_not_told() -> None:
    told = {
        "echo $A && echo b": "the text: 1 here",
        "A=2; echo $A": "the text",
        "for A in x y; do echo $A; done": "the text",
        "read A; echo $A": "the text",
        ". /env; echo $A": "the text",
        "eval x && echo $A": "the text",
        "export $(cat /env) && echo $A": "the text",
        "echo $A; . /env": "the text: 1 here",
        "su - a -c 'echo $A'": "the text",
    }
    for run, says in told.items():
        assert meanings(f"FROM debian:12\nENV A=1\nRUN {run}\n", 3)["$A"] == says, run


def test_what_a_text_overwrites_at_once_is_not_among_its_variables() -> None:
    for run, names in (("A=2; echo $A", []), ("export A=2 && echo $A", []), ("A=$A:2; echo $A", ["A"]), ("echo $A; A=2", ["A"])):
        step = next(step for step in steps(explained(f"FROM debian:12\nENV A=1\nRUN {run}\n")) if step.keyword == "RUN")
        assert [variable.name for variable in step.variables] == names, run


def test_a_file_that_is_read_may_set_a_variable() -> None:
    """Vaultwarden's `. /env-cargo`."""
    for run, origin in ((". /e; echo $B", "nothing here sets it, but what"), ("echo $B", "nothing sets it: it is empty")):
        step = next(step for step in steps(explained(f"FROM debian:12\nRUN {run}\n")) if step.keyword == "RUN")
        assert [variable.name for variable in step.variables] == ["B"]
        assert plain(step.variables[0].origin).startswith(origin)


def test_one_who_joins_a_group_is_not_made() -> None:
    text = "FROM alpine\nRUN addgroup -S a && adduser -S -G a b && adduser b wheel && addgroup b tty\n"
    said = [plain(item.text) for section in explained(text).sections for item in section.items if item.line == 2]
    made = ["the group a is made", "the user b is made", "the user b joins the group wheel", "the user b joins the group tty"]
    assert said == made


@pytest.mark.parametrize(
    ("text", "says"),  # each was seen: dash 0.5.12, bash 5.2 and busybox 1.35 as process 1
    [
        ("debian:12\nCMD sleep 9\n", "the shell /bin/sh, which passes nothing on"),
        ("debian:12\nCMD echo a; sleep 9\n", "the shell /bin/sh, which passes nothing on"),
        ("busybox\nCMD echo a; sleep 9\n", "goes to sleep, process 1"),
        ("busybox\nCMD sleep 9 > /dev/null\n", "goes to sleep, process 1"),
        ("busybox\nCMD sleep 9 | cat\n", "the shell /bin/sh, which passes nothing on"),
        ('debian:12\nSHELL ["/bin/bash", "-c"]\nCMD echo a && X=1 sleep 9\n', "goes to sleep, process 1"),
        ('debian:12\nSHELL ["/bin/bash", "-c"]\nCMD sleep 9 > /dev/null\n', "the shell /bin/bash, which passes nothing on"),
        ('debian:12\nSHELL ["/bin/bash", "-c"]\nCMD trap : USR1; sleep 9\n', "the shell /bin/bash, which passes nothing on"),
        ("debian:12\nCMD cd / && exec sleep 9\n", "goes to sleep, process 1"),
        ('debian:12\nENTRYPOINT ["env", "A=1", "sleep"]\nCMD ["9"]\n', "goes to sleep, process 1"),
        ("debian:12\nSTOPSIGNAL SIGKILL\nCMD sleep 9\n", "at once"),
        ("somebody/something\nCMD sleep 9\n", "Where /bin/sh is dash"),
    ],
)
def test_who_gets_the_signal(text: str, says: str) -> None:
    assert says in row(text, "docker stop")


def test_arguments_that_a_shell_form_uses_are_not_lost() -> None:
    text = 'debian:12\nENTRYPOINT ["sh", "-c", "sleep \\"$0\\""]\nCMD ["9"]\n'
    assert "no effect" not in row(text, "docker run IMAGE")
    assert "is $0" in row(text, "docker run -it IMAGE")
    assert "which is in shell form and uses them" in said(f"FROM {text}", 3)


def test_which_images_have_a_shell() -> None:
    assert "An error" in row('cgr.dev/chainguard/static\nENTRYPOINT ["/a"]\n', "docker run -it --entrypoint")
    assert "try sh" in row('somebody/something\nENTRYPOINT ["/a"]\n', "docker run -it --entrypoint")
    assert "try sh" not in row('python:3.12\nENTRYPOINT ["/a"]\n', "docker run -it --entrypoint")


def test_another_shell_is_typed_as_it_was_written() -> None:
    text = 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN a && \\\n    # why\n    b\nRUN echo \'x\' && \\\n    b\n'
    typed = {step.first: step.by_hand for step in steps(explained(text))}
    assert typed[3] == ("/bin/bash -c 'a && \\\n    b'",)
    assert typed[6] == ("/bin/bash -c \"$(cat <<'EOF'\necho 'x' && \\\n    b\nEOF\n)\"",)


def levels(text: str, first: int) -> list[str]:
    """The commands of the instruction on a line, each with two blanks for every shell that it is in."""
    step = next(step for step in steps(explained(text)) if step.first == first)
    return ["  " * command.level + command.code for command in step.commands]


def test_a_here_document_that_a_shell_reads_is_taken_apart() -> None:
    text = "FROM debian:12\nRUN bash -e <<EOF\nmake \\$X\nmake install\nEOF\nRUN python3 <<EOF\nimport os\nEOF\n"
    assert levels(text, 2) == ["bash -e <<EOF", "  make $X", "  make install"]
    assert levels(text, 6) == ["python3 <<EOF"]
    step = list(steps(explained(text)))[1]
    assert plain(step.commands[2].joined) == "then, if that went well (set -e)"


def test_a_program_in_another_language_is_not_read_as_a_shells() -> None:
    text = "FROM debian:12\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1) if x else y\nEOF\n"
    assert levels(text, 2) == []
    assert "It is written for python3" in said(text, 2)
    text = 'FROM debian:12\nSHELL ["pwsh", "-c"]\nRUN Get-Item -Path x\n'
    assert levels(text, 3) == []
    assert "It is written for pwsh" in said(text, 3)


def test_what_of_a_shell_within_could_not_be_read_is_told() -> None:
    step = list(steps(explained("FROM debian:12\nRUN bash -c 'make; fi fi; ls'\n")))[-1]
    assert [part for part, _ in step.unread] == ["fi fi"]


def test_what_an_onbuild_will_do() -> None:
    text = "FROM debian:12\nARG A=1\nENV B=2\nUSER app\nWORKDIR /src\nONBUILD RUN make $A $B\nONBUILD COPY . .\n"
    assert levels(text, 6) == ["make $A $B"]
    step = next(step for step in steps(explained(text)) if step.first == 6)
    assert plain(step.place) == "as user app, in /src, by /bin/sh -c"
    assert [(variable.name, variable.value) for variable in step.variables] == [("A", None), ("B", "2")]
    assert "What it does there: Copies everything" in said(text, 7)
    assert levels("FROM debian:12\nONBUILD RUN bash <<E\nmake\nE\n", 2) == ["bash <<E", "  make"]


def test_exec_starts_a_program() -> None:
    """Only alone, with redirections, it sends the shell's own output elsewhere."""
    text = 'FROM debian:12\nENTRYPOINT ["sh", "-c", "exec java $JAVA_OPTS Main"]\n'
    assert "elsewhere" not in meanings(text, 2)["exec"]
    assert meanings(text, 2)["$JAVA_OPTS"] == "whatever options the variable holds"
    assert meanings(text, 2)["Main"] == "the program"
    assert "elsewhere" in meanings("FROM debian:12\nRUN exec 2>/x; make\n", 2)["exec"]


@pytest.mark.parametrize(
    ("redirect", "says"),
    [
        ("3>&1", "sends what goes to descriptor 3 where the output goes"),
        ("2>&3", "sends errors where descriptor 3 goes"),
        ("2>/dev/stdout", "sends errors where the output goes"),
        (">/dev/stderr", "sends what it prints where errors go"),
        ("3<f", "hands it the content of this file, as descriptor 3"),
        ("<&-", "hands it nothing"),
        (">&$fd", "where its input comes from, or its output goes"),
        (">&f", "puts output and errors into this file, in place of what was there (dash knows no such thing)"),
    ],
)
def test_a_descriptor_is_no_file(redirect: str, says: str) -> None:
    """WordPress's Dockerfiles look at errors alone: `php --version 3>&1 1>&2 2>&3`."""
    assert meanings(f"FROM debian:12\nRUN php --version {redirect}\n", 2)[redirect] == says


def test_several_copies_from_a_stage() -> None:
    """Each is told for itself: what one leaves, another may take."""
    text = "FROM debian:12 AS a\nFROM scratch\nCOPY --from=a /x /\nCOPY --from=a /y /\nCOPY --from=a / /\n"
    assert said(text, 3).startswith("Copies /x from a to /, and nothing else of it.")
    assert said(text, 5).startswith("Copies everything in a to /.")


def test_a_path_to_a_program_of_somebodys_own() -> None:
    text = "FROM debian:12\nRUN ./aws/install --update && ./node_modules/.bin/ng build && $JAVA_HOME/bin/java -version\n"
    assert "nothing more is known" in meanings(text, 2)["./aws/install"]
    assert "nothing more" not in meanings(text, 2)["./node_modules/.bin/ng"]
    assert meanings(text, 2)["$JAVA_HOME/bin/java"] == "runs a Java program"


def test_what_comes_through_the_pipe() -> None:
    text = "FROM debian:12\nRUN curl x | python3 - --version $V; crontab -; curl y | sudo bash -\n"
    found = next(step for step in steps(explained(text)) if step.first == 2)
    said = [plain(part.says) for command in found.commands for part in command.parts if part.text == "-"]
    assert len(said) == 3
    assert all("what comes through the pipe" in each for each in said)
    assert meanings(text, 2)["--version $V"] == "what it is told"


def test_a_commands_output_is_a_command_wherever_it_is_asked_for() -> None:
    run = 'case "$(uname -m)" in x) a;; esac; [[ -n $(id) ]]; (( $(nproc) > 1 )); for ((i=$(arch); i<1; i++)); do b; done'
    shown = levels(f"FROM debian:12\nRUN {run}; x=(1 $(whoami))\n", 2)
    assert {each.strip() for each in shown} >= {"uname -m", "id", "nproc", "arch", "whoami", "a", "b"}


def test_variables_of_a_file_that_is_written_here() -> None:
    text = "FROM debian:12\nENV A=1\nCOPY <<E /x\nuser=${A} $B\nE\nCOPY <<'E' /x\n$A\nE\n"
    shown = {step.first: [(each.name, each.value) for each in step.variables] for step in steps(explained(text))}
    assert shown[3] == [("A", "1"), ("B", None)]
    assert shown[6] == []


def test_an_argument_that_another_makes_use_of() -> None:
    assert "Used in line 2" in said("ARG A=1\nARG B=x${A}\nFROM debian:$B\n", 1)


def test_what_only_the_base_image_knows() -> None:
    """postgres has an ENTRYPOINT and a signal of its own; nobody has asked for it."""
    start = explained('FROM postgres:16\nCMD ["postgres"]\n', known=False).start
    assert "unless the base image says otherwise" in plain(start.facts[-1].value)
    assert "Where the base image has an ENTRYPOINT" in plain(start.advice[-1])
    for text in ('FROM a\nENTRYPOINT []\nCMD ["x"]\n', 'FROM a\nENTRYPOINT ["y"]\nCMD ["x"]\n'):
        assert not explained(text, known=False).start.advice
    start = explained('FROM debian:12\nCMD ["x"]\n').start
    assert plain(start.facts[-1].value) == "SIGTERM"
    assert not start.advice


def test_words_that_only_bash_knows() -> None:
    text = "FROM debian:12\nRUN rm -rf /var/{cache,log} '{a,b}' ${x:-,} && which wget &>/dev/null\n"
    shown = meanings(text, 2)
    assert "dash leaves the braces" in shown["/var/{cache,log}"]
    assert "dash" not in shown["'{a,b}' ${x:-,}"]
    assert "in dash the command runs in the background" in shown["&>/dev/null"]


def test_a_program_below_a_directory_that_a_variable_names() -> None:
    text = "FROM debian:12\nRUN $ORACLE_HOME/OPatch/opatch lspatches; ${X:-/a/b} y\n"
    assert "a program in the image" in meanings(text, 2)["$ORACLE_HOME/OPatch/opatch"]
    assert meanings(text, 2)["${X:-/a/b}"] == "whatever the variable holds"


def test_nobody_types_into_an_image_without_a_shell() -> None:
    def typed(image: str) -> str:
        return next(iter(steps(explained(f"FROM {image} AS a\nFROM a\n")))).by_hand[0]

    assert typed("gcr.io/distroless/static").startswith("docker create --name a gcr.io/distroless/static x ")
    assert typed("gcr.io/distroless/static:debug") == "docker run -it --name a gcr.io/distroless/static:debug sh"
    assert row("gcr.io/distroless/static:debug\n", "docker run -it IMAGE").startswith("A shell to look around in")


def test_what_a_substitution_prints_is_run() -> None:
    assert meanings("FROM debian:12\nRUN $(id) x\n", 2)["$(id)"] == "whatever the command in it prints"


def test_a_program_that_the_dockerfile_brings_is_not_unknown() -> None:
    text = (
        "FROM debian:12\nWORKDIR /src\nCOPY run.sh /usr/local/bin/\nCOPY a b/* lib/\n"
        "RUN run.sh && lib/a && ./lib/x && /opt/y && z\n"
        'ENTRYPOINT ["ep"]\nCOPY <<X /bin/ep\nX\n'
    )
    said = meanings(text, 5)
    assert said["run.sh"] == "a program that line 3 has copied here"
    assert said["lib/a"] == "a program that line 4 has copied here"
    assert said["./lib/x"] == "a program in /src/lib, where line 4 has copied files"
    assert said["/opt/y"] == "a program in the image; nothing more is known about it"
    assert said["z"].startswith("unknown")
    assert meanings(text, 6)["ep"] == "a program that line 7 has copied here"
    into = "FROM debian:12\nCOPY run.sh /usr/local/bin\nRUN run.sh\n"
    assert meanings(into, 3)["run.sh"] == "a program that line 2 has copied here"


def test_a_program_that_is_mounted_is_not_in_the_image() -> None:
    text = (
        "FROM debian:12\nWORKDIR /w\nCOPY x /mnt/d/\n"
        "RUN --mount=type=bind,source=setup/a.sh,target=/mnt/a.sh --mount=from=alpine,target=d /mnt/a.sh && d/b && /mnt/d/x\n"
    )
    said = meanings(text, 4)
    assert said["/mnt/a.sh"] == "a program that the mount at /mnt/a.sh shows, and that is not in the image"
    assert said["d/b"] == "a program that the mount at /w/d shows, and that is not in the image"
    assert said["/mnt/d/x"] == "a program that line 3 has copied here"


def test_a_user_that_a_later_one_takes_the_place_of_is_not_the_containers() -> None:
    text = "FROM debian:12 AS a\nUSER a\nRUN x\nUSER root\nFROM a\nUSER b\n"
    assert "up to line 4, that run something are user a" in said(text, 2)
    assert "up to line 6, that run something are root" in said(text, 4)
    assert "and the container when it starts, are user b" in said(text, 6)


def test_a_stage_has_the_arguments_of_the_stage_that_it_goes_on_from() -> None:
    """docksal's `FROM cli` has TARGETARCH of cli (docker's documentation, "Scoping"): nothing was said to set it."""
    text = "ARG G=1\nFROM debian:12 AS a\nARG TARGETARCH\nARG X=1 N\nARG G\nFROM a\nRUN echo $X $TARGETARCH $G $N $M\n"
    stage = explained(text).stages[-1]
    assert [(each.name, each.value, plain(each.origin)) for each in stage.steps[-1].variables] == [
        ("X", "1", "the default of ARG, line 4"),
        ("TARGETARCH", "amd64", "given by the builder"),
        ("G", "1", "the default of ARG, line 1"),
        ("N", None, "ARG of line 4 has no default: give it with --build-arg"),
        ("M", None, "nothing sets it: it is empty"),
    ]
