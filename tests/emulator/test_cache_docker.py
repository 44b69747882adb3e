# ruff: noqa: E501  (a row a case)
"""Which steps are run again after a change: docker says so, and the emulator must say the same. A row is a build, what is done to
it then, and which steps are run by the second build. `more` are those that the emulator runs and docker does not:

- docker's transfer of the context does not notice that a directory has got another mode, and gives the step what it had;
- the same content of another directory is the same to docker in a bind mount;
- --link is no other step to an engine that keeps its images as it always has (without containerd's).
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from building import dock2sh

pytestmark = [pytest.mark.root, pytest.mark.docker]


class Case(NamedTuple):
    """`first` and `second` are options of the builds; `change` is done between them; `run` are the steps that are run again."""

    name: str
    dockerfile: str
    change: Callable[[Path], object]
    run: Sequence[str]
    first: Sequence[str] = ()
    second: Sequence[str] = ()
    files: Mapping[str, str] = MappingProxyType({"a": "a", "b": "b", "d/x": "x", "d/y": "y"})
    more: Sequence[str] = ()


def nothing(folder: Path) -> None:
    pass


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def said(text: str) -> Callable[[Path], object]:
    """The Dockerfile becomes another text."""
    return write("Dockerfile", text)


ONE = "FROM busybox\nCOPY a /a\nRUN echo 1 {}\n"
TREE = "FROM busybox\nCOPY d /d\nRUN echo 2 {}\n"
ARGS = "FROM busybox\nRUN echo before {}\nARG V=1\nRUN echo after\nRUN echo last\n"
STAGES = "FROM busybox AS one\nCOPY a /a\nRUN echo one {}\nFROM busybox\nCOPY --from=one /a /a\nRUN echo two {}\n"
BIND = "FROM busybox\nRUN --mount=type=bind,source=d,target=/m echo 3 {}\n"
SECRET = "FROM busybox\nRUN --mount=type=secret,id=s echo 4 {}\n"
CACHE = "FROM busybox\nRUN --mount=type=cache,target=/c,id={}0 echo 5 {}\n"
TMPFS = "FROM busybox\nRUN --mount=type=tmpfs,target=/c,size=1m echo 7 {}\n"
NAMED = "FROM busybox\nCOPY --from=c x /x\nRUN echo 8 {}\n"
NAMED_BIND = "FROM busybox\nRUN --mount=type=bind,from=c,target=/m echo 9 {}\n"
GIVEN: Any = {"first": ["--build-context", "c=c"], "second": ["--build-context", "c=c"]}
HERE = "FROM busybox\nCOPY <<X /x\ntext {}\nX\nRUN <<Y\necho 6 {}\nY\n"

CASES = [
    Case("nothing", ONE, nothing, []),
    Case("touched", ONE, lambda folder: os.utime(folder / "a", (1, 1)), []),
    Case("content", ONE, write("a", "A{}"), ["COPY a /a", "RUN echo 1 {}"]),
    Case("mode", ONE, lambda folder: (folder / "a").chmod(0o755), ["COPY a /a", "RUN echo 1 {}"]),
    Case("owner", ONE, lambda folder: os.chown(folder / "a", 7, 7), []),
    Case("another", ONE, write("b", "B"), []),
    Case("tree-content", TREE, write("d/x", "X{}"), ["COPY d /d", "RUN echo 2 {}"]),
    Case("tree-renamed", TREE, lambda folder: (folder / "d/x").rename(folder / "d/z"), ["COPY d /d", "RUN echo 2 {}"]),
    Case("tree-new", TREE, write("d/new", ""), ["COPY d /d", "RUN echo 2 {}"]),
    Case("tree-touched", TREE, lambda folder: os.utime(folder / "d", (1, 1)), []),
    Case("tree-mode", TREE, lambda folder: (folder / "d").chmod(0o700), [], more=["COPY d /d", "RUN echo 2 {}"]),
    Case("tree-mode-below", "FROM busybox\nCOPY . /d\nRUN echo 2 {}\n", lambda folder: (folder / "d").chmod(0o700), [],
         more=["COPY . /d", "RUN echo 2 {}"]),
    Case("tree-root-renamed", "FROM busybox\nCOPY d* /d\nRUN echo 2 {}\n", lambda folder: (folder / "d").rename(folder / "d2"),
         ["COPY d* /d", "RUN echo 2 {}"]),
    Case("file-renamed", "FROM busybox\nCOPY a* /f\nRUN echo 2 {}\n", lambda folder: (folder / "a").rename(folder / "a2"),
         ["COPY a* /f", "RUN echo 2 {}"]),
    Case("wildcard-more", "FROM busybox\nCOPY d/* /d/\nRUN echo 2 {}\n", write("d/new", ""), ["COPY d/* /d/", "RUN echo 2 {}"]),
    Case("ignored", TREE, write(".dockerignore", "d/y\n"), ["COPY d /d", "RUN echo 2 {}"]),
    Case("ignored-other", TREE, write(".dockerignore", "b\n"), []),
    Case("linked", "FROM busybox\nCOPY --link a /a\nRUN echo 1 {}\n", nothing, []),
    Case("arg-unused-in-text", ARGS, nothing, ["RUN echo after", "RUN echo last"], second=["--build-arg", "V=2"]),
    Case("arg-undeclared", ARGS, nothing, [], second=["--build-arg", "W=2"]),
    Case("arg-same", ARGS, nothing, [], second=["--build-arg", "V=1"]),
    Case("arg-proxy", ARGS, nothing, [], second=["--build-arg", "HTTP_PROXY=http://127.0.0.1:1"]),
    Case("env-changed", "FROM busybox\nRUN echo b {}\nENV A=1\nRUN echo c\n", said("FROM busybox\nRUN echo b {}\nENV A=2\nRUN echo c\n"),
         ["RUN echo c"]),
    Case("env-and-copy", "FROM busybox\nENV A={}1\nCOPY a /a\n", said("FROM busybox\nENV A={}2\nCOPY a /a\n"), []),
    Case("label", "FROM busybox\nLABEL a={}1\nRUN echo c {}\n", said("FROM busybox\nLABEL a={}2\nRUN echo c {}\n"), []),
    Case("user-and-run", "FROM busybox\nUSER 5\nRUN echo c {}\n", said("FROM busybox\nUSER 6\nRUN echo c {}\n"), ["RUN echo c {}"]),
    Case("user-and-copy", "FROM busybox\nRUN echo {}\nUSER 5\nCOPY a /a\n", said("FROM busybox\nRUN echo {}\nUSER 6\nCOPY a /a\n"), []),
    Case("workdir-and-copy", "FROM busybox\nRUN echo {}\nWORKDIR /w\nCOPY a /a\n",
         said("FROM busybox\nRUN echo {}\nWORKDIR /v\nCOPY a /a\n"), ["WORKDIR /v", "COPY a /a"]),
    Case("comment", "FROM busybox\n# one\nRUN echo c {}\n", said("FROM busybox\n# two\n\nRUN echo c {}\n"), []),
    Case("blanks", "FROM busybox\nRUN  echo   c {}\n", said("FROM busybox\nRUN echo   c {}\n"), []),
    Case("inner-blanks", "FROM busybox\nRUN echo c {}\n", said("FROM busybox\nRUN echo  c {}\n"), ["RUN echo c {}"]),
    Case("continuation", "FROM busybox\nRUN echo c \\\n{}\n", said("FROM busybox\nRUN echo c {}\n"), []),
    Case("keyword", "FROM busybox\nRUN echo c {}\n", said("FROM busybox\nrun echo c {}\n"), []),
    Case("exec-form", "FROM busybox\nRUN echo c {}\n", said('FROM busybox\nRUN ["/bin/sh", "-c", "echo c {}"]\n'), []),
    Case("here-text", HERE, said(HERE.replace("text", "other")), ["COPY <<X /x", "RUN <<Y"]),
    Case("here-run", HERE, said(HERE.replace("echo 6", "echo 7")), ["RUN <<Y"]),
    Case("chown", "FROM busybox\nRUN echo {}\nCOPY a /a\n", said("FROM busybox\nRUN echo {}\nCOPY --chown=5 a /a\n"),
         ["COPY --chown=5 a /a"]),
    Case("stage-same-content", STAGES, said(STAGES.replace("echo one", "echo ONE")), ["RUN echo ONE {}"]),
    Case("stage-content", STAGES, write("a", "A{}"),
         ["COPY a /a", "RUN echo one {}", "COPY --from=one /a /a", "RUN echo two {}"]),
    Case("stage-renamed", STAGES, said(STAGES.replace("one", "uno").replace("echo uno", "echo one")), []),
    Case("stage-touched", STAGES.replace("RUN echo one {}", "RUN touch /b # {}"),
         said(STAGES.replace("RUN echo one {}", "RUN touch /c # {}")), ["RUN touch /c # {}"]),
    Case("filter", STAGES, nothing, ["COPY a /a", "RUN echo one {}"], second=["--no-cache-filter", "one"]),
    Case("filter-and-what-stands-on-it", "FROM busybox AS one\nRUN echo one {}\nFROM one AS two\nENV A=1\nFROM two\nRUN echo two {}\nCOPY a /a\n",
         nothing, ["RUN echo one {}", "RUN echo two {}", "COPY a /a"], second=["--no-cache-filter", "one"]),
    Case("filter-in-capitals", STAGES, nothing, ["COPY a /a", "RUN echo one {}"], second=["--no-cache-filter", "nosuch,ONE"]),
    Case("filter-unknown", STAGES, nothing, [], second=["--no-cache-filter", "nosuch"]),
    Case("no-cache", ONE, nothing, ["COPY a /a", "RUN echo 1 {}"], second=["--no-cache"]),
    Case("target", STAGES, nothing, [], second=["--target", "one"]),
    Case("bind-content", BIND, write("d/x", "X{}"), ["RUN --mount=type=bind,source=d,target=/m echo 3 {}"]),
    Case("bind-touched", BIND, lambda folder: os.utime(folder / "d/x", (1, 1)), []),
    Case("bind-other", BIND, write("a", "A{}"), []),
    Case("secret-content", SECRET, write("s", "2{}"), [], first=["--secret", "id=s,src=s"], second=["--secret", "id=s,src=s"],
         files={"s": "1"}),
    Case("secret-none", SECRET, nothing, [], first=["--secret", "id=s,src=s"], files={"s": "1"}),
    Case("cache-id", CACHE, said(CACHE.replace("id={}0", "id={}1")), []),
    Case("cache-sharing", CACHE, said(CACHE.replace("id={}0", "id={}0,sharing=locked")), []),
    Case("cache-mode", CACHE, said(CACHE.replace("id={}0", "id={}0,mode=0700")),
         ["RUN --mount=type=cache,target=/c,id={}0,mode=0700 echo 5 {}"]),
    Case("cache-target", CACHE, said(CACHE.replace("target=/c", "target=/e")),
         ["RUN --mount=type=cache,target=/e,id={}0 echo 5 {}"]),
    Case("cache-read-only", CACHE, said(CACHE.replace("id={}0", "id={}0,ro")), ["RUN --mount=type=cache,target=/c,id={}0,ro echo 5 {}"]),
    Case("secret-id", SECRET, said(SECRET.replace("id=s", "id=t")), ["RUN --mount=type=secret,id=t echo 4 {}"]),
    Case("secret-target", SECRET, said(SECRET.replace("id=s", "id=s,target=/t")),
         ["RUN --mount=type=secret,id=s,target=/t echo 4 {}"]),
    Case("secret-mode", SECRET, said(SECRET.replace("id=s", "id=s,mode=0444")), ["RUN --mount=type=secret,id=s,mode=0444 echo 4 {}"]),
    Case("secret-env", SECRET, said(SECRET.replace("id=s", "id=s,env=S")), ["RUN --mount=type=secret,id=s,env=S echo 4 {}"]),
    Case("tmpfs-size", TMPFS, said(TMPFS.replace("size=1m", "size=2m")), ["RUN --mount=type=tmpfs,target=/c,size=2m echo 7 {}"]),
    Case("bind-read-write", BIND, said(BIND.replace("target=/m", "target=/m,rw")),
         ["RUN --mount=type=bind,source=d,target=/m,rw echo 3 {}"]),
    Case("bind-mode", BIND, lambda folder: (folder / "d").chmod(0o700), [],
         more=["RUN --mount=type=bind,source=d,target=/m echo 3 {}"]),
    Case("bind-same-elsewhere", BIND, said(BIND.replace("source=d", "source=e")), [],
         files={"d/x": "x", "e/x": "x"}, more=["RUN --mount=type=bind,source=e,target=/m echo 3 {}"]),
    Case("copy-same-elsewhere", "FROM busybox\nCOPY d /d\nRUN echo {}\n", said("FROM busybox\nCOPY e /d\nRUN echo {}\n"),
         ["COPY e /d", "RUN echo {}"],
         files={"d/x": "x", "e/x": "x"}),
    Case("copy-same-file", ONE, said(ONE.replace("COPY a", "COPY b")), ["COPY b /a", "RUN echo 1 {}"],
         files={"a": "x", "b": "x"}),
    Case("stage-same-file", STAGES, said(STAGES.replace("--from=one /a", "--from=one /b").replace("RUN echo one {}", "RUN cp /a /b # {}")),
         ["RUN cp /a /b # {}", "COPY --from=one /b /a", "RUN echo two {}"]),
    Case("network", "FROM busybox\nRUN echo {}\n", said("FROM busybox\nRUN --network=none echo {}\n"), ["RUN --network=none echo {}"]),
    Case("shell", 'FROM busybox\nRUN echo {}\n', said('FROM busybox\nSHELL ["/bin/ash", "-c"]\nRUN echo {}\n'), ["RUN echo {}"]),
    Case("link-content", "FROM busybox\nCOPY --link a /a\nCOPY --link b /b\n", write("a", "A{}"), ["COPY --link a /a", "COPY --link b /b"]),
    Case("link-below", "FROM busybox\nRUN echo {}\nCOPY --link b /b\n", said("FROM busybox\nRUN echo 2{}\nCOPY --link b /b\n"),
         ["RUN echo 2{}", "COPY --link b /b"]),
    Case("add-archive", "FROM busybox\nADD d /d\nRUN echo {}\n", write("d/x", "X{}"), ["ADD d /d", "RUN echo {}"]),
    Case("global-arg", "ARG T=latest\nFROM busybox:$T\nRUN echo {}\n", said("ARG T=latest\nARG U=2\nFROM busybox:$T\nRUN echo {}\n"), []),
    Case("order", "FROM busybox\nRUN echo 1{}\nRUN echo 2{}\n", said("FROM busybox\nRUN echo 2{}\nRUN echo 1{}\n"),
         ["RUN echo 2{}", "RUN echo 1{}"]),
    Case("named-content", NAMED, write("c/x", "X{}"), ["COPY --from=c x /x", "RUN echo 8 {}"], files={"c/x": "x"}, **GIVEN),
    Case("named-touched", NAMED, lambda folder: os.utime(folder / "c/x", (1, 1)), [], files={"c/x": "x"}, **GIVEN),
    Case("named-mode", NAMED, lambda folder: (folder / "c/x").chmod(0o755), ["COPY --from=c x /x", "RUN echo 8 {}"],
         files={"c/x": "x"}, **GIVEN),
    Case("named-owner", NAMED, lambda folder: os.chown(folder / "c/x", 7, 7), [], files={"c/x": "x"}, **GIVEN),
    Case("named-other", NAMED, write("c/y", "Y{}"), [], files={"c/x": "x"}, **GIVEN),
    Case("named-bind", NAMED_BIND, write("c/x", "X{}"), ["RUN --mount=type=bind,from=c,target=/m echo 9 {}"], files={"c/x": "x"}, **GIVEN),
    Case("named-elsewhere", NAMED, lambda folder: (folder / "c").rename(folder / "e"), [], files={"c/x": "x"},
         first=["--build-context", "c=c"], second=["--build-context", "c=e"]),
    Case("base-other", "ARG T=12\nFROM debian:$T\nRUN echo {}\n", nothing, ["RUN echo {}"], second=["--build-arg", "T=bookworm-slim"]),
    Case("base-other-name", "FROM busybox\nRUN echo {}\n", said("FROM busybox:latest\nRUN echo {}\n"), []),
    Case("metadata", "FROM busybox\nRUN echo {}\nRUN echo 2{}\n",
         said("FROM busybox\nEXPOSE 80\nRUN echo {}\nSTOPSIGNAL 9\nVOLUME /v\nHEALTHCHECK NONE\nCMD x\nRUN echo 2{}\n"), []),
    Case("env-order", "FROM busybox\nENV A=1 B=2\nRUN echo {}\n", said("FROM busybox\nENV B=2 A=1\nRUN echo {}\n"), ["RUN echo {}"]),
    Case("env-in-two", "FROM busybox\nENV A=1 B=2\nRUN echo {}\n", said("FROM busybox\nENV A=1\nENV B=2\nRUN echo {}\n"), []),
    Case("env-set-twice", "FROM busybox\nENV A=1\nRUN echo {}\n", said("FROM busybox\nENV A=2\nENV A=1\nRUN echo {}\n"), []),
    Case("arg-becomes-env", "FROM busybox\nARG A=1\nRUN echo {}\n", said("FROM busybox\nENV A=1\nRUN echo {}\n"), []),
    Case("arg-after", "FROM busybox\nRUN echo {}\n", said("FROM busybox\nRUN echo {}\nARG A=1\n"), []),
    Case("arg-unset", "FROM busybox\nRUN echo {}\n", said("FROM busybox\nARG A\nRUN echo {}\n"), []),
    Case("user-0", "FROM busybox\nRUN echo {}\n", said("FROM busybox\nUSER 0\nRUN echo {}\n"), ["RUN echo {}"]),
    Case("workdir-slash", "FROM busybox\nWORKDIR /w{}\nRUN echo\n", said("FROM busybox\nWORKDIR /w{}/\nRUN echo\n"), ["RUN echo"]),
    Case("workdir-relative", "FROM busybox\nWORKDIR /w{}\nRUN echo\n", said("FROM busybox\nWORKDIR /\nWORKDIR w{}\nRUN echo\n"), []),
    Case("chmod-zero", "FROM busybox\nRUN echo {}\nCOPY --chmod=644 a /a\n", said("FROM busybox\nRUN echo {}\nCOPY --chmod=0644 a /a\n"), []),
    Case("chown-root", "FROM busybox\nRUN echo {}\nCOPY a /a\n", said("FROM busybox\nRUN echo {}\nCOPY --chown=0:0 a /a\n"),
         ["COPY --chown=0:0 a /a"]),
    Case("copy-dot", "FROM busybox\nRUN echo {}\nCOPY a /a\n", said("FROM busybox\nRUN echo {}\nCOPY ./a a\n"), []),
    Case("copy-order", "FROM busybox\nRUN echo {}\nCOPY a b /z/\n", said("FROM busybox\nRUN echo {}\nCOPY b a /z/\n"), ["COPY b a /z/"]),
    Case("copy-becomes-link", "FROM busybox\nRUN echo {}\nCOPY a /a\n", said("FROM busybox\nRUN echo {}\nCOPY --link a /a\n"), [],
         more=["COPY --link a /a"]),
    Case("copy-becomes-add", "FROM busybox\nRUN echo {}\nCOPY a /a\n", said("FROM busybox\nRUN echo {}\nADD a /a\n"), ["ADD a /a"]),
    Case("here-tabs", "FROM busybox\nRUN <<X\necho {}\nX\n", said("FROM busybox\nRUN <<-X\n\techo {}\n\tX\n"), []),
    Case("excluded", "FROM busybox\nCOPY --exclude=y d /d\nRUN echo {}\n", write("d/y", "Y{}"), []),
    Case("excluded-below", "FROM busybox\nCOPY --exclude=**/y . /d\nRUN echo {}\n", write("d/y", "Y{}"), []),
    Case("excluded-other", "FROM busybox\nCOPY --exclude=y d /d\nRUN echo {}\n", write("d/x", "X{}"),
         ["COPY --exclude=y d /d", "RUN echo {}"]),
    Case("excluded-at-the-top-only", "FROM busybox\nCOPY --exclude=y . /d\nRUN echo {}\n", write("d/y", "Y{}"),
         ["COPY --exclude=y . /d", "RUN echo {}"]),
    Case("excluded-but-named", "FROM busybox\nCOPY --exclude=y d/y /y\nRUN echo {}\n", write("d/y", "Y{}"),
         ["COPY --exclude=y d/y /y", "RUN echo {}"]),
    Case("link-elsewhere", "FROM busybox\nCOPY d /d\nRUN echo {}\n", lambda folder: (folder / "d/l").symlink_to("x"),
         ["COPY d /d", "RUN echo {}"]),
    Case("empty-directory", "FROM busybox\nCOPY d /d\nRUN echo {}\n", lambda folder: (folder / "d/e").mkdir(), ["COPY d /d", "RUN echo {}"]),
    Case("ignore-comment", TREE, write(".dockerignore", "# nothing\n"), [], files={"d/x": "x", ".dockerignore": "# some\n"}),
    Case("attribute", ONE, lambda folder: os.setxattr(folder / "a", "user.x", b"y"), []),
    Case("stage-mode", STAGES.replace("RUN echo one {}", "RUN chmod 644 /a # {}"), said(STAGES.replace("RUN echo one {}", "RUN chmod 755 /a # {}")),
         ["RUN chmod 755 /a # {}", "COPY --from=one /a /a", "RUN echo two {}"]),
    Case("stage-owner", STAGES.replace("RUN echo one {}", "RUN chown 1 /a # {}"), said(STAGES.replace("RUN echo one {}", "RUN chown 2 /a # {}")),
         ["RUN chown 2 /a # {}", "COPY --from=one /a /a", "RUN echo two {}"]),
    Case("stage-time", STAGES.replace("RUN echo one {}", "RUN touch -d @1 /a # {}"),
         said(STAGES.replace("RUN echo one {}", "RUN touch -d @2 /a # {}")), ["RUN touch -d @2 /a # {}"]),
    Case("onbuild", "FROM busybox AS one\nONBUILD RUN echo {}\nFROM one\n", said("FROM busybox AS one\nFROM one\nRUN echo {}\n"), []),
    Case("secret-source", SECRET, nothing, [], first=["--secret", "id=s,src=s"], second=["--secret", "id=s,src=t"], files={"s": "1", "t": "2"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_steps_that_docker_runs_again_are_run_again(case: Case, store: Path, tmp_path: Path) -> None:
    word = f"{case.name}{os.getpid()}"
    folder = tmp_path / f"cache-{word}"
    for name, text in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text} {word}")
    (folder / "Dockerfile").write_text(case.dockerfile.replace("{}", word))
    build(folder, store, case.first)
    case.change(folder)
    for file in filter(Path.is_file, folder.rglob("*")):
        if "{}" in (text := file.read_text()):
            file.write_text(text.replace("{}", word))
    docker, ours = build(folder, store, case.second)
    wanted, more = ([text.replace("{}", word) for text in texts] for texts in (case.run, case.more))
    assert (docker, ours) == (sorted(wanted), sorted([*wanted, *more]))


def build(folder: Path, store: Path, options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Build with docker and with the emulator: the steps that each of them has run."""
    command = ["docker", "build", "--progress=plain", *options, "."]
    docker = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert docker.returncode == 0, docker.stderr
    words = ["emulate", "--progress=plain", *options, "."]
    ours = dock2sh(*words, cwd=folder, env={**os.environ, "XDG_DATA_HOME": str(store)})
    assert ours.returncode == 0, ours.stderr
    return run(docker.stderr), run(ours.stderr)


def run(progress: str) -> list[str]:
    """The instructions that are not CACHED; lines are `#5 [stage 2/3] RUN ...` and `#5 CACHED`."""
    titles: dict[str, str] = {}
    for line in progress.splitlines():
        number, _, text = line.partition(" ")
        if title := re.match(r"\[(?:\S+ )?\d+/\d+\] (?!FROM)(.*)", text):
            titles[number] = " ".join(re.sub(r"(<<\w+) \(.*", r"\1", title[1]).split())
        elif text == "CACHED":
            titles.pop(number, None)
    return sorted(titles.values())
