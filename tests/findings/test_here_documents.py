"""Here-documents that a shell reads, programs that begin with `#!`, and ONBUILD: looked into, and each word pointed at."""

import shutil

import pytest
from finding import codes
from hypothesis import given, settings, strategies

import dock2sh
from dock2sh.bases import assumed
from dock2sh.commands.apart import take_apart
from dock2sh.findings import find
from dock2sh.source import place


def pointed(text: str, code: str, shellcheck: bool = False) -> list[str]:
    """`LINE:WORD` of each place that findings of this code point at."""
    dockerfile = dock2sh.parse(text)
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile, shellcheck=shellcheck)
    lines, said = text.split("\n"), list[str]()
    for each in (each.diagnostic() for each in found if each.name == code):
        where = place(each, lines)
        assert where
        said.append(f"{where.line}:{lines[where.line - 1][where.column - 1 :][: where.length]}")
    return said


READ = [
    "bash <<EOF", "bash <<'EOF'", "<<EOF bash", "sh -ex <<EOF", "bash -s -- a <<EOF", "bash - <<EOF", "bash /dev/stdin <<EOF",
    "env A=1 bash <<EOF", "exec bash <<EOF", "timeout 5 bash <<EOF", "gosu app bash <<EOF", "su app <<EOF",
    "su - app <<EOF", "busybox sh <<EOF", ". /dev/stdin <<EOF", "cat <<EOF | sh", "cat - <<EOF | tee /x | sh -e",
    "bash 0<<EOF", "bash </x <<EOF", "true && bash <<EOF", "chroot /mnt <<EOF", "chroot /mnt sh <<EOF",
    "sudo -u x -i <<EOF", "runuser -u x -- bash <<EOF",
]  # fmt: skip
"""What a RUN may say above a here-document that a shell reads; docker's RUNs on debian:12 were seen to do the text of each that
Debian has the programs for."""

NOT_READ = [
    "cat <<EOF", "cat >/x <<EOF", "tee /x <<'EOF'", "python3 <<EOF", "python3 - <<'EOF'", "bash /x <<EOF", "bash -c 'cat' <<EOF",
    "bash 3<<EOF", "bash <<EOF </x", "psql <<EOF", "xargs sh <<EOF", "ssh host bash <<EOF", "su app -c cat <<EOF",
    "cat /x <<EOF | sh", "sed s/a/b/ <<EOF | sh", "cat <<EOF && sh", "while read x; do true; done <<EOF", "sh -n x <<EOF",
    "bash <<EOF <<<x", "su app x <<EOF",
]  # fmt: skip


@pytest.mark.parametrize("line", READ)
def test_what_a_shell_reads_is_looked_into(line: str) -> None:
    text = f"FROM debian:12\nRUN {line}\necho a\nservice x start\nEOF\n"
    assert pointed(text, "D2S114") == ["4:service"]


@pytest.mark.parametrize("line", NOT_READ)
def test_what_no_shell_reads_is_a_text(line: str) -> None:
    assert not pointed(f"FROM debian:12\nRUN {line}\nservice x start\nEOF\n", "D2S114")


def test_a_substitution_in_a_text_is_a_command() -> None:
    """Without quotes around the name the shell does it, whoever reads the text."""
    assert pointed("FROM debian:12\nRUN cat >/x <<EOF\na $(sudo ls) b\nEOF\n", "D2S174") == ["3:sudo"]
    assert not pointed("FROM debian:12\nRUN cat >/x <<'EOF'\na $(sudo ls) b\nEOF\n", "D2S174")
    assert not pointed("FROM debian:12\nRUN cat >/x <<EOF\na \\$(sudo ls) b\nEOF\n", "D2S174")
    assert pointed("FROM debian:12\nRUN sh <<EOF\na $(sudo ls) b\nEOF\n", "D2S174") == ["3:sudo"]


def test_the_place_is_the_files_own() -> None:
    """Tabs of `<<-`, escapes, a continued line, a text in a text, two documents, CRLF."""
    assert pointed("FROM debian:12\nRUN bash <<-EOF\n\t\tsudo ls\n\tEOF\n", "D2S174") == ["3:sudo"]
    assert pointed("FROM debian:12\nRUN bash <<EOF\nA=\\$B; \\\n sudo ls \\`x\\`\nEOF\n", "D2S174") == ["4:sudo"]
    assert pointed("FROM debian:12\nRUN true \\\n # x\n && bash <<EOF\nsh -c 'sudo ls'\nEOF\n", "D2S174") == ["5:sudo"]
    assert pointed("FROM debian:12\nRUN bash <<A && bash <<B\nls\nA\nsudo ls\nB\n", "D2S174") == ["5:sudo"]
    assert pointed("FROM debian:12\r\nRUN bash <<A\r\nls\r\nsudo ls\r\nA\r\n", "D2S174") == ["4:sudo"]
    assert pointed("FROM debian:12\nRUN bash <<<'sudo ls'\n", "D2S174") == ["2:sudo"]
    assert pointed("FROM debian:12\nRUN bash <<'A'\nsh <<B\nsudo ls\nB\nA\n", "D2S174") == ["4:sudo"]


def test_the_word_is_the_commands() -> None:
    """Not the same word in a comment, in another word or in a text before it."""
    text = "FROM debian:12\nRUN echo sudo \\\n  # sudo\n  'sudo x' && sudo ls\n"
    assert pointed(text, "D2S174") == ["4:sudo"]


PROGRAMS = {
    "#!/bin/bash": ["4:sudo"],
    "#!/bin/sh -e": ["4:sudo"],
    "#!/usr/bin/env bash": ["4:sudo"],
    "#!/usr/bin/env -S bash -e": ["4:sudo"],
    "#!/command/with-contenv bash": ["4:sudo"],
    "#!/usr/bin/env python3": [],
    "#!/usr/bin/perl -w": [],
    "#!": [],
}


@pytest.mark.parametrize("first", PROGRAMS)
def test_a_program_is_its_interpreters(first: str) -> None:
    assert pointed(f"FROM debian:12\nRUN <<EOF\n{first}\nsudo ls\nEOF\n", "D2S174") == PROGRAMS[first]


def test_another_language_than_a_shells_is_left_alone() -> None:
    assert not codes('FROM debian:12\nSHELL ["python3", "-c"]\nRUN sudo ls\n')


def test_whose_shell_a_text_is_for() -> None:
    """What only bash knows, in a text for sh; a pipe in a shell within has nothing of SHELL's pipefail."""
    assert pointed("FROM debian:12\nRUN sh <<'E'\n[[ a = b ]]\nE\n", "D2S132") == ["3:[["]
    assert not pointed("FROM debian:12\nRUN bash <<'E'\n[[ a = b ]]\nE\n", "D2S132")
    assert pointed("FROM debian:12\nRUN <<E\n#!/bin/sh\n[[ a = b ]]\nE\n", "D2S132") == ["4:[["]
    assert not pointed("FROM debian:12\nRUN <<E\n#!/bin/bash\n[[ a = b ]]\nE\n", "D2S132")
    shell = 'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\n'
    assert codes(shell + "RUN tar c /x | tar x\n") == []
    assert codes(shell + "RUN bash <<E\ntar c /x | tar x\nE\n") == ["D2S131:3"]
    assert codes(shell + "RUN bash <<E\nset -o pipefail\ntar c /x | tar x\nE\n") == []


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_is_asked_of_what_a_shell_reads() -> None:
    assert pointed("FROM debian:12\nRUN bash <<'E'\nls\nrm $X\nE\n", "SC2086", True) == ["4:$X"]
    assert not pointed("FROM debian:12\nRUN bash <<E\nls\nrm $X\nE\n", "SC2086", True), "another shell puts it in"
    assert not pointed("FROM debian:12\nRUN <<E\n#!/bin/bash\n[[ a = b ]]\nE\n", "SC3010", True)
    assert pointed("FROM debian:12\nONBUILD RUN rm $X\n", "SC2086", True) == ["2:$X"]


# ---- ONBUILD

LATER = {
    "ONBUILD RUN sudo ls": ["D2S174:2"],
    "onbuild run sudo ls": ["D2S174:2"],
    "ONBUILD RUN bash <<E\nsudo ls\nE": ["D2S174:2"],
    "ONBUILD RUN <<E\nsudo ls\nE": ["D2S174:2"],
    'ONBUILD RUN ["sudo", "ls"]': ["D2S174:2"],
    "ONBUILD ADD . /app": ["D2S150:2"],
    "ONBUILD ADD https://x/y /": ["D2S104:2"],
    "ONBUILD COPY .env /app/": ["D2S162:2"],
    "ONBUILD USER app": ["D2S164:2"],
    # near misses: what is of the other Dockerfile, or is refused there
    "ONBUILD COPY . /app": [],
    "ONBUILD COPY . app/": [],
    "ONBUILD COPY --from=build /x /": [],
    "ONBUILD CMD npm start": [],
    "ONBUILD USER root": [],
    "ONBUILD RUN a\nONBUILD RUN b": [],
    "ONBUILD LABEL Bad..Key=1": [],
    "ONBUILD RUNN sudo ls": [],
    "ONBUILD COPY a": [],
    "ONBUILD RUN cat <<E\nsudo ls\nE": [],
    "# dock2sh ignore=D2S174\nONBUILD RUN sudo ls": [],
    'SHELL ["python3", "-c"]\nONBUILD RUN sudo ls': [],
    "ENV DEBIAN_FRONTEND=x\nONBUILD RUN make": [],
}


@pytest.mark.parametrize("text", LATER)
def test_what_an_onbuild_will_do(text: str) -> None:
    assert codes(f"FROM debian:12\n{text}\n") == LATER[text]


def test_where_an_onbuild_is_wrong() -> None:
    assert pointed("FROM debian:12\nONBUILD RUN make \\\n  && sudo ls\n", "D2S174") == ["3:sudo"]
    assert pointed("FROM debian:12\nONBUILD RUN sh <<E\nls\nsudo ls\nE\n", "D2S174") == ["4:sudo"]


def test_an_onbuild_sees_the_end_of_its_stage() -> None:
    """SHELL counts that stands below it; what it does is told once, though another stage of the file goes on from there."""
    assert codes('FROM debian:12\nONBUILD RUN [[ a = b ]]\nSHELL ["/bin/bash", "-c"]\n') == []
    assert codes("FROM debian:12\nONBUILD RUN [[ a = b ]]\n") == ["D2S132:2"]
    assert codes("FROM debian:12 AS a\nONBUILD RUN sudo ls\nFROM a\nRUN make\n") == ["D2S174:2"]


PIECES = [
    "bash <<EOF\n", "bash <<'EOF'\n", "sh -e <<-EOF\n", "EOF\n", "cat <<EOF | sh\n", "su - a <<B\n", "B\n", "bash <<<'q r'\n",
    "ls $x\n", "sudo ls\n", "$(id)", "`a`", "\\$y", "\\\\", "\\\n", "'", '"', "sh -c '", 'sh -c "', "if a; then ", "fi\n",
    "case $(b) in ", "x) ", "esac\n", "[[ $(c) ]]", " (( ", "))", "<<<", "\t", "; ", "&& ", "| ", "{ ", "}\n", "( ", ")\n",
    "${x:-", "}", "x=(1 ", "#!\n", "\u00e9", "\U0001d11e",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(strategies.lists(strategies.sampled_from(PIECES), max_size=16).map("".join))
def test_every_character_is_where_it_is_said_to_be(text: str) -> None:
    apart = take_apart(text)
    for each in (*apart.found, *apart.documents):
        if each.where is not None:
            assert [text[at] for at in each.where] == list(each.text)
