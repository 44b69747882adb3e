"""Explanations: what is said is true for the file, whoever wrote it, in every format."""

import json
import re
import subprocess
import sys
import xml.dom.minidom
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dock2sh
from dock2sh.bases import assumed, unknown
from dock2sh.checks import check
from dock2sh.checks.rules import RULES
from dock2sh.explain import drawing, explain
from dock2sh.explain.as_json import explanation_object
from dock2sh.explain.language import plain
from dock2sh.explain.markdown import markdown
from dock2sh.explain.page import page
from dock2sh.explain.remarks import about
from dock2sh.explain.terminal import Style, lines
from dock2sh.explain.tree import Explanation, Step
from dock2sh.findings import find, rules
from dock2sh.findings.silence import HADOLINT
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.Dockerfile"))


def explained(text: str, known: bool = True, build_args: dict[str, str] | None = None, checked: bool = False) -> Explanation:
    dockerfile = dock2sh.parse(text)
    options = Options(build_args or {}, platform="linux/amd64")
    plan = dock2sh.evaluate(dockerfile, options, assumed if known else unknown)
    if not checked:
        return explain(plan, dockerfile, "Dockerfile", build_args)
    return explain(plan, dockerfile, "Dockerfile", build_args, check(dockerfile, options, assumed), find(plan, dockerfile))


def steps(explanation: Explanation) -> Iterator[Step]:
    return (step for stage in explanation.stages for step in stage.steps)


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_as_it_was(name: str) -> None:
    """Goldens, to be read: golden/NAME.txt. `./dev python tests/explain/update.py` writes them anew."""
    text = (GOLDEN / f"{name}.Dockerfile").read_text()
    shown = "\n".join(line.rstrip() for line in lines(explained(text, checked=True), Style(90)))
    assert shown.strip("\n") + "\n" == (GOLDEN / f"{name}.txt").read_text()


# ---- variables

SCOPE = """\
ARG VERSION=12
FROM debian:$VERSION AS one
ARG VERSION
ARG EMPTY
ENV HERE=/opt DEEP=$HERE
RUN echo $VERSION $HERE $PATH $EMPTY $HOME $LOCAL
FROM one
RUN LOCAL=1; echo $HERE $LOCAL; for i in 1; do echo $i; done
"""


def variables(explanation: Explanation, line: int) -> dict[str, tuple[str | None, str]]:
    step = next(step for step in steps(explanation) if step.first == line)
    return {variable.name: (variable.value, plain(variable.origin)) for variable in step.variables}


def test_variables_have_their_values_and_where_those_are_from() -> None:
    found = explained(SCOPE)
    assert variables(found, 2) == {"VERSION": ("12", "the default of ARG, line 1")}
    assert variables(found, 6) == {
        "VERSION": ("12", "the default of ARG, line 1"),
        "HERE": ("/opt", "ENV, line 5"),
        "PATH": ("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "from the base image debian:12"),
        "EMPTY": (None, "ARG of line 4 has no default: give it with --build-arg"),
        "HOME": (None, "the home directory of the user, which docker looks up in /etc/passwd"),
        "LOCAL": (None, "nothing sets it: it is empty"),
    }
    assert variables(found, 8) == {"HERE": ("/opt", "ENV, line 5")}


def test_a_build_argument_is_said_to_be_one() -> None:
    assert variables(explained(SCOPE, build_args={"VERSION": "11"}), 6)["VERSION"] == ("11", "from --build-arg")


def test_of_an_unknown_base_nothing_is_said() -> None:
    found = explained("FROM debian\nRUN echo $X\n", known=False)
    assert variables(found, 2) == {"X": (None, "nothing here sets it: the base image may")}


# ---- how it starts

SHELL = ("/bin/sh", "-c")
STARTS = {
    'ENTRYPOINT ["x", "y"]': [("x", "y"), ("x", "y", "a", "b"), ("x", "y", "bash")],
    'ENTRYPOINT ["x", "y"]\nCMD ["c"]': [("x", "y", "c"), ("x", "y", "a", "b"), ("x", "y", "bash")],
    'CMD ["c", "d"]': [("c", "d"), ("a", "b"), ("bash",)],
    "CMD c d": [(*SHELL, "c d"), ("a", "b"), ("bash",)],
    "ENTRYPOINT x y": [(*SHELL, "x y"), (*SHELL, "x y", "a", "b"), (*SHELL, "x y", "bash")],
    'ENTRYPOINT x y\nCMD ["c"]': [(*SHELL, "x y", "c"), (*SHELL, "x y", "a", "b"), (*SHELL, "x y", "bash")],
    'ENTRYPOINT ["x"]\nCMD c d': [("x", *SHELL, "c d"), ("x", "a", "b"), ("x", "bash")],
    'CMD ["c"]\nENTRYPOINT ["x"]': [("x", "c"), ("x", "a", "b"), ("x", "bash")],
    'ENTRYPOINT ["x"]\nENTRYPOINT []\nCMD ["c"]': [("c",), ("a", "b"), ("bash",)],
    'SHELL ["/bin/bash", "-ec"]\nCMD c': [("/bin/bash", "-ec", "c"), ("a", "b"), ("bash",)],
}


@pytest.mark.parametrize("text", STARTS)
def test_process_one(text: str) -> None:
    rows = explained(f"FROM debian:12\n{text}\n").start.rows
    assert [row.process for row in rows[:3]] == STARTS[text]
    assert rows[3].process == ("bash",)


@pytest.mark.docker
@pytest.mark.parametrize("text", STARTS)
def test_docker_starts_the_same_process(text: str, tmp_path: Path) -> None:
    """What `docker create` says that it would start is what the table says."""
    home = tmp_path / f"starts-{abs(hash(text))}"
    home.mkdir()
    (home / "Dockerfile").write_text(f"FROM debian:12\n{text}\n")
    image = subprocess.run(["docker", "build", "-q", home], capture_output=True, text=True, check=True).stdout.strip()
    rows = explained(f"FROM debian:12\n{text}\n").start.rows
    for row, arguments in zip(rows, ([], ["a", "b"], ["bash"]), strict=False):
        assert row.process == created(image, [], arguments), row.typed
    assert rows[3].process == created(image, ["--entrypoint", "bash"], [])
    subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=True)


def created(image: str, options: list[str], arguments: list[str]) -> tuple[str, ...]:
    command = ["docker", "create", *options, image, *arguments]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    shown = subprocess.run(["docker", "inspect", name], capture_output=True, text=True, check=True).stdout
    subprocess.run(["docker", "rm", name], capture_output=True, check=True)
    container = json.loads(shown)[0]
    return (container["Path"], *container["Args"])


STOPS = {
    'CMD ["nginx", "-g", "daemon off;"]': ("goes to nginx, process 1, which ends", False),
    'CMD ["python3", "app.py"]': ("takes no notice", True),
    'ENTRYPOINT ["/tini", "--"]\nCMD ["x"]': ("hands it on", False),
    'ENTRYPOINT ["/entrypoint.sh"]': ("a script", True),
    "CMD exec nginx": ("which ends", False),
    "CMD a && b": ("which passes nothing on", True),
    'STOPSIGNAL SIGQUIT\nCMD ["nginx"]': ("SIGQUIT goes to nginx", False),
}


@pytest.mark.parametrize("text", STOPS)
def test_who_gets_the_signal(text: str) -> None:
    row = explained(f"FROM debian:12\n{text}\n").start.rows[-1]
    assert row.typed == "docker stop CONTAINER"
    assert STOPS[text][0] in plain(row.says)
    assert row.warns == STOPS[text][1]


def test_nothing_to_start() -> None:
    row = explained("FROM scratch\nCOPY a /a\n").start.rows[0]
    assert row.process is None
    assert row.warns
    assert "base image's" in plain(explained("FROM x\n", known=False).start.rows[0].says)


# ---- what it needs and leaves


def items(text: str, title: str) -> list[str]:
    section = next((section for section in explained(text).sections if plain(section.title).startswith(title)), None)
    return [f"{item.line} {plain(item.text)}{' !' if item.warns else ''}" for item in section.items] if section else []


def test_downloads_and_what_checks_them() -> None:
    text = """\
FROM debian:12
RUN curl -fsSLO https://a/x && echo "0  x" | sha256sum -c
RUN wget http://b/y | sh
RUN git clone --branch v1 https://c/z
ADD https://d/w /w
"""
    assert items(text, "Downloads") == [
        "2 https://a/x: checked by sha256sum in the same RUN",
        "3 http://b/y: nothing checks it !",
        "4 https://c/z: the branch or tag v1, as it is on that day",
        "5 https://d/w: nothing checks it !",
    ]


def test_secrets_that_would_stay() -> None:
    text = """\
FROM debian:12
ARG NPM_TOKEN
ENV DB_PASSWORD=hunter2 PUBLIC_KEY=x
COPY id_rsa .env app.py /root/
RUN curl -u me:hunter2 https://me:hunter2@x/ && useradd -p hunter2 x
"""
    found = items(text, "Secrets that")
    assert [line[0] for line in found] == list("234455" + "5")
    assert all(line.endswith("!") for line in found)
    assert not [line for line in found if "hunter2" in line]


# ---- a hostile file

HOSTILE = (
    "FROM debian:12 AS a\n"
    'RUN echo "</pre><script>alert(1)</script>" \'<img src=x onerror=alert(1)>\' `id` {x} {0} %s "${HOME}"\n'
    'RUN echo \x1b[31mred\x1b[0m \u202ertl \x07 | tee \'`\' "```" "|" "]]>"\n'
    'LABEL a="</style><script>alert(2)</script>" b="--> ] ; %%{init}%%"\n'
    'COPY a\x1b]0;x\x07 "x"><script>/\n'
    "RUN curl https://x/'\"><script>alert(3)</script>\n"
    'ENTRYPOINT ["</title><script>", "`", "|", "\\u001b[2J"]\n'
)


class Page(HTMLParser):
    """The tags of a page, and its attributes that could load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "srcset", "data", "action", "poster") or name.startswith("on"):
                self.loads.append(f"{tag} {name}")
            if name == "href" and value and not value.startswith(("#", "https://")):
                self.loads.append(f"{tag} {name}={value}")


def test_a_hostile_file_changes_no_page() -> None:
    shown = page(explained(HOSTILE, checked=True), "en")
    parsed = Page(shown)
    assert not {"script", "img", "iframe", "object", "link", "base", "form"} & set(parsed.tags)
    assert not parsed.loads
    assert parsed.tags.count("title") == shown.count("<title>")
    assert "url(" not in shown.replace("url(#", "")
    assert "@import" not in shown


def test_a_hostile_file_steers_no_terminal() -> None:
    for line in lines(explained(HOSTILE, checked=True), Style(80)):
        assert line.isprintable(), line
    for line in lines(explained(HOSTILE, checked=True), Style(80, colour=True)):
        assert re.sub(r"\033\[[0-9;]*m", "", line).isprintable(), line


def test_a_hostile_file_breaks_no_picture() -> None:
    graph = explained(HOSTILE).graph
    assert not xml.dom.minidom.parseString(drawing.svg(graph)).getElementsByTagName("script")
    assert drawing.dot(graph).count("{") == drawing.dot(graph).count("}")
    assert not re.search(
        r"[<>](?!br/>|\|)", drawing.mermaid(graph).replace("-->", "").replace("==>", "").replace("-.->", "").replace("<br/>", "")
    )


def test_markdown_is_closed_by_nobody() -> None:
    text = markdown(explained(HOSTILE))
    outside, fence = list[str](), ""
    for line in text.split("\n"):
        if not fence and (match := re.match("(`{3,})", line)):
            fence = match[1]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence
    assert not [line for line in outside if "<" in re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", line).replace("\\<", "")]


# ---- any file

LINES = st.sampled_from(
    [
        "ENV A=1 B=$A", "ARG X", "ARG Y=$A", "RUN a && b | c", "RUN echo 'x", 'RUN ["a", "b"]', "WORKDIR $A", "USER $X",
        "EXPOSE 80 90/udp", "VOLUME /a", "COPY . .", "COPY --from=0 /a b/", "ADD https://x/y.tgz /", "ADD a.git#b /x", "CMD a",
        'ENTRYPOINT ["a"]', "LABEL a=b", "ONBUILD RUN x", "HEALTHCHECK CMD a", "HEALTHCHECK NONE", "STOPSIGNAL INT",
        'SHELL ["/bin/bash", "-c"]', "FROM debian", "FROM scratch AS b", "FROM b", "RUN <<E\na\nE", "RUN <<E cat\na\nE",
        "COPY <<E /x\n$A\nE", "RUN --mount=type=cache,target=/c a", "RUN --mount=from=b,target=/c a",
        "RUN --mount=type=secret,id=s a", "# hadolint ignore=DL3006", "MAINTAINER me", "RUN case a in b) c;; esac",
        "RUN for i in a; do b; done",
    ]
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, max_size=14), st.booleans())
def test_every_format_of_any_file(rest: list[str], known: bool) -> None:
    text = "\n".join(["FROM debian:12 AS a", *rest]) + "\n"
    try:
        found = explained(text, known, checked=True)
    except Refused:
        return
    numbers = [step.first for step in steps(found)]
    assert numbers == [node.span.first for node in dock2sh.parse(text).nodes]
    assert all(len(re.sub(r"\033\[[0-9;]*m", "", line)) for line in lines(found, Style(60, True)) if line.strip())
    assert page(found, "en").endswith("</html>\n")
    assert markdown(found).startswith("# ")
    assert json.loads(json.dumps(explanation_object(found)))["schema"] == "dock2sh.explain/1"
    for drawn in (drawing.dot, drawing.mermaid):
        assert drawn(found.graph)
    xml.dom.minidom.parseString(drawing.svg(found.graph))


def test_boxes_of_twenty_stages_do_not_overlap() -> None:
    from dock2sh.explain.layout import place

    text = "".join(
        f"FROM debian:{n} AS s{n}\nRUN make\n" + (f"COPY --from=s{n - 1} /a /a\nCOPY --from=s{n // 2} /b /b\n" if n else "")
        for n in range(20)
    )
    placed = place(explained(text).graph)
    boxes = placed.boxes
    for index, one in enumerate(boxes):
        assert one.x >= 0
        assert one.x + one.width <= placed.width
        assert one.y + one.height <= placed.height
        for other in boxes[index + 1 :]:
            apart = (
                one.x + one.width < other.x
                or other.x + other.width < one.x
                or one.y + one.height < other.y
                or other.y + other.height < one.y
            )
            assert apart, (one.title, other.title)


# ---- the command


def run(*arguments: str, stdin: str = 'FROM debian:12\nRUN apt-get update\nCMD ["a"]\n') -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dock2sh", "explain", "--offline", *arguments, "-"]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_the_command() -> None:
    done = run()
    assert done.returncode == 0
    assert done.stdout.startswith("Dockerfile · 3 lines · 3 instructions · 1 stage\n")
    assert not done.stderr


@pytest.mark.parametrize("format", ["md", "html", "json"])
def test_formats(format: str) -> None:
    done = run("--format", format)
    assert done.returncode == 0
    assert "apt-get" in done.stdout


def test_what_a_base_image_was_not_asked_for_is_not_said() -> None:
    assert "leaves it to the base image what a container starts" in " ".join(run(stdin="FROM debian:12\n").stdout.split())


def test_one_line() -> None:
    done = run("--line", "2")
    assert done.stdout.startswith("   2  RUN apt-get update\n")
    assert "FROM" not in done.stdout


MISTAKES = {
    ("--line", "x"): "--line x: write N or N:M",
    ("--line", "9"): "--line 9: there is no instruction on that line",
    ("--format", "pdf"): "--format pdf: one of text, md, html, json",
    ("--graph", "png"): "--graph png: one of",
    ("--lang", "xx"): "--lang xx: one of en",
}


@pytest.mark.parametrize("flags", MISTAKES)
def test_mistakes(flags: tuple[str, str]) -> None:
    done = run(*flags)
    assert done.returncode == 2
    assert MISTAKES[flags] in done.stderr
    assert not done.stdout


def test_a_refused_file() -> None:
    done = run(stdin="FORM debian\n")
    assert done.returncode == 1
    assert "unknown instruction: FORM" in done.stderr


def test_forty_lines_take_half_a_second() -> None:
    """CPU of the whole process, from a machine that may be busy; the goal is 0.5 s."""
    import resource

    text = "FROM debian:12\n" + "RUN apt-get update && apt-get install -y a b && rm -rf /var/lib/apt/lists/*\n" * 39
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(stdin=text).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.9


def meanings(text: str, first: int) -> dict[str, str]:
    """What is said of each word of the instruction on a line."""
    step = next(step for stage in explained(text).stages for step in stage.steps if step.first == first)
    return {part.text: plain(part.says) for command in step.commands for part in command.parts}


def said(text: str, first: int) -> str:
    step = next(step for stage in explained(text).stages for step in stage.steps if step.first == first)
    return " ".join(map(plain, step.does))


def test_letters_of_tar_and_the_word_that_one_of_them_takes() -> None:
    found = meanings("FROM debian\nRUN tar xvfj f.tar.bz2\n", 2)
    assert found["j"] == "compressed with bzip2"
    assert found["f.tar.bz2"].startswith("the archive")


def test_where_the_output_of_a_group_goes() -> None:
    found = meanings("FROM debian\nRUN { echo a; (echo b) >/b; } > /a && for i in 1; do echo; done 2>/dev/null\n", 2)
    assert found["> /a"] == "puts what it prints into this file, in place of what was there"
    assert found[">/b"] == "puts what it prints into this file, in place of what was there"
    assert found["2>/dev/null"] == "throws errors away"


def test_a_shell_that_reads_a_pipe_and_bash_s_network() -> None:
    found = meanings("FROM debian\nRUN curl x | bash && exec 5>/dev/tcp/10.0.0.1/80\n", 2)
    assert found["bash"] == "a shell that does whatever comes through the pipe"
    assert "connection to 10.0.0.1/80" in found["5>/dev/tcp/10.0.0.1/80"]
    assert found["exec"] == "sends this shell's own input and output elsewhere from here on"


def test_what_cmd_is_depends_on_entrypoint() -> None:
    exec_form = 'FROM debian\nENTRYPOINT ["python3"]\nCMD ["app.py"]\n'
    assert "starts python3 app.py" in said(exec_form, 3)
    assert meanings(exec_form, 3)["app.py"] == "the program"
    assert "Without effect" in said('FROM debian\nENTRYPOINT python3\nCMD ["app.py"]\n', 3)
    assert "`ENTRYPOINT`" not in said('FROM debian\nCMD ["app.py"]\n', 2)


def test_a_stage_that_does_not_become_the_image() -> None:
    text = "FROM debian AS a\nENV X=1\nWORKDIR /x\nUSER 1\nEXPOSE 80\nARG Y=1\nFROM debian\nCOPY --from=a /x /x\n"
    for line in range(2, 7):
        assert "container" not in said(text, line) or "no effect on the image" in said(text, line), line
    assert "history" not in said(text, 6)
    assert not [item for section in explained(text).sections if "Secrets" in plain(section.title) for item in section.items]


@pytest.mark.parametrize(("base", "shell"), [("python:3-alpine", "sh"), ("busybox", "sh"), ("debian:12", "bash")])
def test_the_shell_that_an_image_has(base: str, shell: str) -> None:
    made = explained(f"FROM {base}\nRUN x\nCMD y\n")
    assert made.stages[0].steps[0].by_hand == (f"docker run -it {base} {shell}",)
    assert f"docker run -it IMAGE {shell}" in [row.typed for row in made.start.rows]


def test_an_image_without_a_shell() -> None:
    made = explained('FROM debian AS a\nFROM scratch\nCOPY --from=a /bin/true /\nCMD ["/true"]\n')
    rows = [row for row in made.start.rows if row.typed.endswith(("IMAGE sh", "sh IMAGE"))]
    assert len(rows) == 2
    assert all(row.process is None and row.warns for row in rows)


def test_an_argument_before_from_tells_who_uses_it() -> None:
    text = "ARG V=12\nARG W=1\nFROM debian:$V\nARG W\nFROM debian:$V\n"
    assert "Used in line 3, 5." in said(text, 1)
    assert "Used in line 4." in said(text, 2)


def test_every_name_has_a_page() -> None:
    names = [name for rule in rules().values() for name in (rule.code, *rule.also)]
    names += [*RULES, *(name for known in HADOLINT.values() for name in known), "SC2086", "d2s104", "jsonargsrecommended"]
    for name in names:
        page_ = about(name)
        assert page_.startswith(f"{name}:") or name.upper() in page_.upper().partition(":")[0], name
        assert "dock2sh ignore=" in page_
    assert not about("D2S999")
    assert not about("SC1")


def test_what_ends_with_an_inner_shell() -> None:
    inner = meanings("FROM debian\nRUN (cd /x && exit 1) && sh -c 'export A=1' && make\n", 2)
    assert [inner[name].endswith("until this inner shell ends") for name in ("cd", "export")] == [True, True]
    assert inner["exit"].startswith("ends this inner shell")
    outer = meanings("FROM debian\nRUN if true; then cd /x; export A=1; exit 1; fi\n", 2)
    assert not [text for text in outer.values() if "inner shell" in text]
