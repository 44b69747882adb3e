"""A machine that has no network at all: what can be set up there, and what is said where it cannot."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nspawn import Machine, differences

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))
from building import dock2sh

pytestmark = [pytest.mark.machine, pytest.mark.root]

SERVICE = """EXPOSE 8080
USER 4242
ENTRYPOINT ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
"""


@pytest.fixture(scope="module")
def alone(new_machine: Callable[..., Machine]) -> Machine:
    return new_machine("--private-network")


@pytest.fixture
def tiny(base: Path, tmp_path: Path) -> Path:
    """A base image: busybox and what it is called."""
    root = tmp_path / "tiny"
    (root / "bin").mkdir(parents=True)
    shutil.copy(base / "bin/busybox", root / "bin/busybox")
    for name in ("sh", "mkdir", "cat", "rm"):
        (root / "bin" / name).symlink_to("busybox")
    return root


def bundled(machine: Machine, folder: Path, text: str, *options: object) -> "subprocess.CompletedProcess[str]":
    """Made here, and put on the machine: what was said."""
    (folder / "Dockerfile").write_text(text)
    done = dock2sh("provision", "--name", "demo", "-o", machine.root / "srv/bundle", *options, folder, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


def answers(machine: Machine) -> str:
    return machine.said("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "http://127.0.0.1:8080/")


def test_a_static_service_needs_nothing(alone: Machine, base: Path, tmp_path: Path) -> None:
    shutil.copy(base / "bin/busybox", tmp_path / "busybox")
    (tmp_path / "index.html").write_text("from scratch")
    text = "FROM scratch\nCOPY --chmod=755 busybox /bin/\nCOPY index.html /www/\n" + SERVICE
    assert "there is no base image" in bundled(alone, tmp_path, text, "--vendor-base").stderr
    before = alone.snapshot()
    alone.said("sh", "/srv/bundle/setup.sh", "--yes")
    assert answers(alone) == "from scratch"
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []


def test_base_images_in_the_script(alone: Machine, tiny: Path, tmp_path: Path) -> None:
    """Of the target and of another stage; the files of the context are too many for a here-document."""
    (tmp_path / "index.html").write_text("with a base\n")
    (tmp_path / "large").write_bytes(bytes(range(256)) * 10000 + subprocess.run(
        ["openssl", "rand", "1500000"], capture_output=True, check=True).stdout)  # fmt: skip
    text = (
        "FROM other:2 AS build\nCOPY index.html /\nRUN cat /index.html /mark >/page && rm /index.html\n"
        "FROM tiny:1\nCOPY --from=build /page /www/index.html\nCOPY large /www/\nRUN test ! -e /mark\n" + SERVICE
    )
    shutil.copytree(tiny, tmp_path / "other", symlinks=True)
    (tmp_path / "other/mark").write_text("of another\n")
    (tmp_path / ".dockerignore").write_text("tiny\nother\n")
    given = ("--vendor-base", "--base", f"tiny:1={tiny}", "--base", f"other:2={tmp_path}/other")
    said = bundled(alone, tmp_path, text, *given).stderr
    assert "setup.sh has tiny:1 in it: " in said
    assert "no cloud-init.yaml and no lima.yaml" in said
    script = alone.root / "srv/bundle/setup.sh"
    assert script.read_bytes() == (alone.root / "srv/bundle/ansible/roles/demo/files/demo-setup.sh").read_bytes()
    first = script.read_bytes()
    bundled(alone, tmp_path, text, *given)
    assert script.read_bytes() == first
    before = alone.snapshot()

    piped = alone.call("sh", "-c", "cat /srv/bundle/setup.sh | D2S_YES=1 sh")
    assert (piped.returncode, "this script in a file" in piped.stderr) == (3, True)
    script.write_bytes(first[:-100000])
    cut = alone.call("sh", "/srv/bundle/setup.sh", "--yes")
    assert (cut.returncode, "is damaged or cut off" in cut.stderr) == (3, True), cut.stderr
    script.write_bytes(first)
    for shell in ("dash", "bash", "busybox ash"):
        alone.said(*shell.split(), "/srv/bundle/setup.sh", "--yes")
        assert answers(alone) == "with a base\nof another\n"
        large = alone.root / "var/lib/dock2sh/demo/rootfs/www/large"
        assert large.read_bytes() == (tmp_path / "large").read_bytes()
        alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []


def test_what_needs_a_network_says_so(alone: Machine, tmp_path: Path) -> None:
    bundled(alone, tmp_path, "FROM debian:12\nRUN curl -fsS http://example.org/x >/x\n", "--offline")
    before = alone.snapshot()
    done = alone.call("sh", "/srv/bundle/setup.sh", "--yes")
    assert done.returncode == 1
    assert "http://example.org cannot be reached from here, and a step fetches from it" in done.stderr
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []
    bundled(alone, tmp_path, "FROM debian:12\nRUN apt-get -q update || exit 3; apt-get install -y hello\n", "--offline")
    archives = alone.call("sh", "/srv/bundle/setup.sh", "--yes")
    assert "cannot be reached from here, and a step fetches from it" in archives.stderr
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    other = alone.call("sh", "/srv/bundle/setup.sh", "--yes", "--way", "root")
    assert (other.returncode, "the base image debian:12" in other.stderr, "install debootstrap" in other.stderr) == (
        3,
        True,
        True,
    )


NAMED = """FROM tiny:1
COPY --from=more / /srv/more
COPY --from=layout /mark /srv/mark
RUN --mount=type=bind,from=more,target=/m --mount=type=bind,from=layout,target=/l cat /m/deep/er /l/mark >/srv/both
COPY here /srv/
"""
MADE = {"srv/more/one": "1", "srv/more/deep/er": "er\n", "srv/mark": "of the layout\n", "srv/both": "er\nof the layout\n"}


@pytest.fixture
def named(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Beside `tiny` a directory `more`, of which something is left out, an OCI layout with one image, `layout`, and a context."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "more/deep").mkdir(parents=True)
    (tmp_path / "more/one").write_text("1")
    (tmp_path / "more/deep/er").write_text("er\n")
    (tmp_path / "more/left-out").write_text("nobody needs this")
    (tmp_path / "more/.dockerignore").write_text("left-out\n.dockerignore\n")
    (tmp_path / "context").mkdir()
    (tmp_path / "context/here").write_text("here\n")
    (tmp_path / "context/Dockerfile").write_text("FROM tiny:1\nRUN echo of the layout >/mark\n")
    for words in (
        ("emulate", "-q", f"--base=tiny:1={tiny}", "-t", "layout:7", tmp_path / "context"),
        ("save", "--format=oci-archive", "-o", tmp_path / "layout.tar", "layout:7"),
    ):
        done = dock2sh(*words)
        assert done.returncode == 0, done.stderr
    (tmp_path / "layout").mkdir()
    subprocess.run(["tar", "-C", tmp_path / "layout", "-xf", tmp_path / "layout.tar"], check=True)
    return tmp_path


def contexts(folder: Path) -> list[str]:
    return [f"--build-context=more={folder}/more", f"--build-context=layout=oci-layout://{folder}/layout:7"]


def put(machine: Machine, folder: Path, *names: str) -> None:
    """Directories of ours, on the machine."""
    for name in names:
        shutil.rmtree(machine.root / "srv" / name, ignore_errors=True)
        shutil.copytree(folder / name, machine.root / "srv" / name, symlinks=True)


def is_made(root: Path) -> None:
    """What the steps of NAMED make, and nothing more in the directory that was copied."""
    assert {path: (root / path).read_text() for path in MADE} == MADE
    assert (root / "srv/here").read_text() == "here\n"
    assert sorted(entry.name for entry in (root / "srv/more").iterdir()) == ["deep", "one"]


def test_named_contexts_in_the_script(alone: Machine, tiny: Path, named: Path) -> None:
    given = (f"--base=tiny:1={tiny}", *contexts(named))
    said = bundled(alone, named / "context", NAMED, "--vendor-base", *given).stderr
    assert "setup.sh has layout in it: " in said
    assert str(named) not in (alone.root / "srv/bundle/setup.sh").read_bytes().decode(errors="replace")
    before = alone.snapshot()
    for shell in ("dash", "bash", "busybox ash"):
        alone.said(*shell.split(), "/srv/bundle/setup.sh", "--yes")
        is_made(alone.root / "var/lib/dock2sh/demo/rootfs")
        assert alone.said(*shell.split(), "/srv/bundle/setup.sh", "--yes") == "changed=0\n"
        alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []


def test_named_contexts_that_are_images_are_asked_for(alone: Machine, tiny: Path, named: Path) -> None:
    """Directories are in the script without --vendor-base too; what is an image must be given where it runs."""
    bundled(alone, named / "context", NAMED, f"--base=tiny:1={tiny}", *contexts(named))
    put(alone, named, "tiny", "layout")
    before = alone.snapshot()
    setup = ("sh", "/srv/bundle/setup.sh", "--yes", "--base", "tiny:1=/srv/tiny")
    lacking = alone.call(*setup)
    assert (lacking.returncode, "the named context layout" in lacking.stderr) == (3, True), lacking.stderr
    assert [path for path in differences(before, alone.snapshot()) if not path.startswith("var/lib/dock2sh")] == []
    alone.said(*setup, "--build-context", "layout=oci-layout:///srv/layout:7")
    is_made(alone.root / "var/lib/dock2sh/demo/rootfs")
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []


def test_a_context_that_is_an_image_of_an_engine(alone: Machine, tiny: Path, named: Path) -> None:
    """docker-image://NAME: in the script with --vendor-base; else it is said before anything is done that no engine is here."""
    text = "FROM tiny:1\nCOPY --from=lib /bin/busybox /srv/copied\nRUN --mount=from=lib,target=/m test -x /m/bin/busybox\n"
    given = (f"--base=tiny:1={tiny}", "--build-context=lib=docker-image://tiny:1")
    before = alone.snapshot()
    bundled(alone, named / "context", text, *given)
    readme = (alone.root / "srv/bundle/README.md").read_text()
    assert "`lib`: `--build-context lib=SOURCE`, unless docker or podman has tiny:1" in readme
    put(alone, named, "tiny")
    setup = ("sh", "/srv/bundle/setup.sh", "--yes", "--base", "tiny:1=/srv/tiny")
    lacking = alone.call(*setup)
    assert (lacking.returncode, "not here: the named context lib: give it" in lacking.stderr) == (3, True), lacking.stderr
    alone.said(*setup, "--build-context", "lib=/srv/tiny")
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    left = [path for path in differences(before, alone.snapshot()) if not path.startswith(("srv/bundle", "srv/tiny"))]
    assert left == []


@pytest.mark.docker
def test_a_context_that_is_an_image_is_carried(alone: Machine, tiny: Path, named: Path) -> None:
    text = "FROM tiny:1\nCOPY --from=lib /bin/busybox /srv/copied\nRUN --mount=from=lib,target=/m test -x /m/bin/busybox\n"
    given = (f"--base=tiny:1={tiny}", "--build-context=lib=docker-image://busybox")
    said = bundled(alone, named / "context", text, "--vendor-base", *given).stderr
    assert "setup.sh has lib in it: " in said
    alone.said("sh", "/srv/bundle/setup.sh", "--yes")
    assert (alone.root / "var/lib/dock2sh/demo/rootfs/srv/copied").exists()
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")


def test_a_script_with_its_context_has_the_named_ones(alone: Machine, tiny: Path, named: Path) -> None:
    """--bundle, on a machine on which there is nothing else; the layout is given there."""
    (named / "context/Dockerfile").write_text(NAMED)
    done = dock2sh("--bundle", f"--base=tiny:1={tiny}", *contexts(named), "-o", alone.root / "srv/setup.sh", named / "context")
    assert done.returncode == 0, done.stderr
    assert str(named) not in (alone.root / "srv/setup.sh").read_text()
    put(alone, named, "tiny", "layout")
    for shell in ("dash", "bash", "busybox ash"):
        root = alone.root / "srv" / f"by-{shell[:4]}"
        words = ["--root", f"/srv/{root.name}", "--base", "tiny:1=/srv/tiny"]
        lacking = alone.call(*shell.split(), "/srv/setup.sh", *words)
        assert (lacking.returncode, "--build-context layout=" in lacking.stderr) == (3, True), lacking.stderr
        alone.said(*shell.split(), "/srv/setup.sh", *words, "--build-context", "layout=oci-layout:///srv/layout:7")
        is_made(root)


def test_what_named_contexts_have_counts(alone: Machine, tiny: Path, named: Path) -> None:
    """A stage that begins with one, and a step that copies of one, are done again when a file of it is another."""
    text = (
        "FROM more AS start\nFROM tiny:1\nCOPY --from=start /one /srv/first\nCOPY --from=more /deep /srv/deep\nCOPY here /srv/\n"
    )
    given = (f"--base=tiny:1={tiny}", contexts(named)[0])
    rootfs = alone.root / "var/lib/dock2sh/demo/rootfs"
    setup = ("sh", "/srv/bundle/setup.sh", "--yes", "--base", "tiny:1=/srv/tiny")
    put(alone, named, "tiny")

    def done(one: str, er: str) -> str:
        (named / "more/one").write_text(one)
        (named / "more/deep/er").write_text(er)
        (named / "more/left-out").write_text(one + er)  # does not count
        bundled(alone, named / "context", text, *given)
        said = alone.said(*setup)
        assert ((rootfs / "srv/first").read_text(), (rootfs / "srv/deep/er").read_text()) == (one, er)
        return said

    assert done("1", "er") != "changed=0\n"
    assert done("1", "er") == "changed=0\n"
    assert done("1", "other") != "changed=0\n"
    assert done("2", "other") != "changed=0\n"
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
