"""What one would type where the base image is not at hand, and what named contexts are in it: it can be typed."""

import subprocess
from pathlib import Path

import pytest

from dock2sh import evaluate, parse, script
from dock2sh.bases import assumed
from dock2sh.emit.manual import manual
from dock2sh.plan.context import Project
from dock2sh.plan.contexts import Contexts
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused, draw

UNKNOWN = "FROM nosuch\nWORKDIR ${A}/x\nCOPY f .\nENV B=${A}b A=${A}c\nENV C=$A\nCOPY <<X ${A}/y/\na\nX\n"
TYPED = """\
# docker run -it nosuch bash
[ -z "${A+x}" ] || BASE_A=$A
mkdir -p "${A-}/x" && cd "${A-}/x"
# from another terminal:  docker cp f"$([ ! -d f ] || echo /.)" CONTAINER:"${A-}/x/./"     (A: as the container has it)
export B="${A-}b" A="${A-}c"
export C="${BASE_A-}c"
mkdir -p "${BASE_A-}c/y" && cat > "${BASE_A-}c/y/X" <<'EOF'
a
EOF
"""


def test_variables_of_a_base_image_that_nobody_knows(tmp_path: Path) -> None:
    typed = manual(evaluate(parse(UNKNOWN)), "Dockerfile", UNKNOWN, "\\")
    assert typed == TYPED
    env = {"A": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", "-eu"], input=typed, text=True, check=True, env=env)
    assert (tmp_path.parent / f"{tmp_path.name}c/y/X").read_text() == "a\n"


def test_a_file_with_a_variable_that_nobody_knows(tmp_path: Path) -> None:
    """The shell that is typed into knows it; what is no variable stays as it is."""
    text = 'FROM nosuch\nCOPY <<X ${D}/\n$D ${E:-e}. \\$x `y` "q" it\'s a\\\\b\nX\n'
    typed = manual(evaluate(parse(text)), "Dockerfile", text, "\\")
    env = {"D": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", "-eu"], input=typed, text=True, check=True, env=env)
    assert (tmp_path / "X").read_text() == f'{tmp_path} e. $x `y` "q" it\'s a\\b\n'


def test_a_named_context_that_is_a_repository() -> None:
    text = "FROM a\nCOPY --from=b f /\n"
    contexts = Contexts({"a": "https://h/a.git", "b": "https://h/b.git#v1"})
    typed = manual(evaluate(parse(text), Options(contexts=contexts), assumed), "Dockerfile", text, "\\")
    assert "# FROM scratch: the build context a is a repository" in typed
    assert "# from the repository of the build context b:  tar -c . | docker import - context-b" in typed


def test_a_directory_that_only_the_base_image_can_tell() -> None:
    text = "FROM nosuch\nCOPY f ${D}\n"
    assert "mkdir" not in manual(evaluate(parse(text)), "Dockerfile", text, "\\")


def test_a_directory_with_two_slashes_has_an_end() -> None:
    """`WORKDIR /$HOME_OF_IT` is common in public files, and dirname("//") is "//" for ever."""
    text = "FROM a AS b\nWORKDIR //usr/app\nFROM a\nCOPY --from=b /usr/app/x /\n"
    assert "cd //usr/app\n" in manual(evaluate(parse(text), Options(), assumed), "Dockerfile", text, "\\")


def test_a_comment_ends_with_its_line_not_with_the_parenthesis() -> None:
    text = "FROM a\nRUN set -e; cd /tmp # and stay there\nRUN echo done\n"
    typed = manual(evaluate(parse(text), Options(), assumed), "Dockerfile", text, "\\")
    assert subprocess.run(["sh", "-eu"], input=typed, text=True, check=True, capture_output=True).stdout == "done\n"


def test_named_contexts() -> None:
    text = "FROM a AS b\nRUN no\nFROM busybox\nCOPY --from=b f /\nCOPY --from=c f /\n"
    contexts = Contexts({"b": "/nowhere", "c": "docker-image://d:1"})
    typed = manual(evaluate(parse(text), Options(contexts=contexts), assumed), "Dockerfile", text, "\\")
    assert "# FROM scratch: the build context b is a directory" in typed
    assert "tar -c . | docker import - context-b" in typed
    assert "$(docker create context-b x):/f" in typed
    assert "$(docker create d:1):/f" in typed
    assert "no" not in typed.split()


def test_no_path_of_this_machine_is_in_what_is_made() -> None:
    """A layout is a directory of this machine: the script asks for it, and the manual says how docker gets it."""
    text = "FROM a\nCOPY --from=c f /\nRUN true\n"
    plan = evaluate(
        parse(text), Options(contexts=Contexts({"a": "oci-layout:///made/here/a", "c": "oci-layout:///made/here/c"})), assumed
    )
    typed = manual(plan, "Dockerfile", text, "\\")
    assert (
        "the OCI layout of the build context a:  skopeo copy oci:. docker-daemon:context-a:latest\n# docker run -it context-a"
        in typed
    )
    assert "$(docker create context-c x):/f" in typed
    written = script(plan, Project("Dockerfile", text, None, None))
    assert "since it begins with the build context a:" in written
    assert "made/here" not in typed + written


@pytest.mark.parametrize(("word", "points"), [("${PORT}x", "${PORT}x"), ("80x", "80x")])
def test_a_complaint_about_a_port_points_at_its_word(word: str, points: str) -> None:
    text = f"FROM a\nENV PORT=y\nEXPOSE 79 \\\n  {word}\n"
    with pytest.raises(Refused) as refused:
        evaluate(parse(text), find_base=assumed)
    excerpt = draw(refused.value.diagnostic, "Dockerfile", text).splitlines()
    at = next(number for number, line in enumerate(excerpt) if "^" in line)
    assert excerpt[at - 1][excerpt[at].index("^") :][: excerpt[at].count("^")] == points
