"""The commands about images beside docker's own: the same image, the same words."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dock2sh.images.gotemplate import render
from dock2sh.images.listing import for_templates

NAME = "dock2sh-cli-images"


def dock2sh(*arguments: str, status: int = 0, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dock2sh", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, **{"stdin": subprocess.DEVNULL, **more})
    assert done.returncode == status, done.stderr + done.stdout
    return done


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


NAMED = f"{NAME}:1"


@pytest.fixture(scope="module")
def shared(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with an image that docker has too, under two names."""
    if engine:
        pytest.skip(engine)
    folder = tmp_path_factory.mktemp("cli-images")
    (folder / "Dockerfile").write_text(
        'FROM busybox\nENV A="b c"\nLABEL x=1 y="<q>&"\nEXPOSE 80\nUSER 7\nWORKDIR /w\nUSER root\n'
        "RUN echo hello > /tmp/x && : a text that is longer than five and forty characters\n"
        'CMD ["a", "b"]\nHEALTHCHECK --interval=3s CMD true\n'
    )
    subprocess.run(["docker", "build", "-q", "-t", f"{NAME}:1", "-t", f"you/{NAME}:2", folder], check=True, capture_output=True)
    archive = folder / "docker.tar"
    subprocess.run(["docker", "save", "-o", archive, f"{NAME}:1", f"you/{NAME}:2"], check=True)
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    assert dock2sh("load", "-q", "-i", str(archive)).stdout == f"Loaded image: {NAME}:1\nLoaded image: you/{NAME}:2\n"
    yield folder
    docker("rmi", "-f", f"{NAME}:1", f"you/{NAME}:2")
    del os.environ["XDG_DATA_HOME"]


@pytest.mark.docker
@pytest.mark.parametrize(
    "command",
    [
        ["history", "--no-trunc", "--format", "{{.ID}} {{.CreatedBy}} {{.Size}} {{.Comment}}", f"{NAME}:1"],
        ["history", "--format", "table {{.ID}}\t{{.CreatedBy}}\t{{.Size}}", f"{NAME}:1"],
        ["history", "-q", f"{NAME}:1"],
        ["inspect", "-f", "{{.Id}}", f"{NAME}:1"],
        ["inspect", "-f", "{{json .Config}}", f"{NAME}:1"],
        ["inspect", "-f", "{{range .RootFS.Layers}}{{println .}}{{end}}", f"{NAME}:1"],
        ["inspect", "-f", "{{index .RepoTags 0}} {{len .RepoTags}} {{.Config.Labels}} {{.Config.Cmd}}", f"{NAME}:1"],
        ["inspect", "-f", '{{if .Config.User}}{{.Config.User}}{{else}}none{{end}} {{join .Config.Cmd ","}}', f"{NAME}:1"],
        ["inspect", "-f", '{{index .Config.Labels "y"}}{{- /* */ -}} {{ .Os | upper }}', f"{NAME}:1"],
        ["inspect", "-f", "{{with .Config.Env}}{{index . 1}}{{end}} {{.Created}} {{.Author}}", f"{NAME}:1"],
        [
            "inspect",
            "-f",
            "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}{{range $i, $e := .Config.Env}}{{$i}}{{$e}}{{end}}",
            NAMED,
        ],
        [
            "inspect",
            "-f",
            '{{$x := .Os}}{{with $c := .Config}}{{$x}}{{$x = "a"}}{{$x := 1}}{{$x}}{{$c.Cmd}}{{$.Os}}{{end}}{{$x}}',
            NAMED,
        ],
        [
            "inspect",
            "-f",
            "{{.Config.StopSignal}} {{.Config.Entrypoint}} {{.Config.Volumes}} {{.Variant}} {{.Config.OnBuild}}",
            NAMED,
        ],
        [
            "inspect",
            "-f",
            "{{json .Config.StopSignal}} {{json .Config.Entrypoint}} {{len .Config.Volumes}} {{.Config.Shell}}",
            NAMED,
        ],
        ["inspect", "-f", '{{index .Config.Labels "no"}} {{.Config.Labels.no}} {{le 1 2}} {{ge 1 2}}', NAMED],
        ["inspect", "--type", "image", "-f", "{{.Id}}", NAMED, f"you/{NAME}:2"],
        ["history", "--format", "table{{.ID}}", NAMED],
        ["images", "-q", f"*{NAME}*"],
        ["images", "-q", "--filter", f"reference={NAME}:1", "--filter", f"reference=you/{NAME}:*"],
        ["images", "--filter", f"reference=you/{NAME}:*", "--format", "{{.Repository}}"],
        ["images", "--filter", f"reference=you/{NAME}:*", "--format", "{{.Repository}}:{{.Tag}}", NAME],
        ["images", "-q", "--no-trunc", NAME],
        ["images", "--filter", "label=x=1", "--format", "{{.Repository}}:{{.Tag}} {{.ID}} {{.Digest}}", f"*{NAME}*"],
        ["images", "--format", "table {{.Repository}}\t{{.Size}}", f"you/{NAME}"],
    ],
)
def test_the_same_as_docker(shared: Path, command: list[str]) -> None:
    assert dock2sh(*command).stdout == docker(*command)


def test_a_config_is_in_gos_order_to_a_template() -> None:
    config = {"Labels": {"b": "1", "a": "2"}, "Cmd": ["x"], "Healthcheck": {"Test": [], "Interval": 1}, "User": "u", "Env": None}
    shown = render("{{json .Config}}", for_templates({"Config": config}))
    assert shown == '{"User":"u","Cmd":["x"],"Labels":{"a":"2","b":"1"},"Healthcheck":{"Test":[],"Interval":1}}'


@pytest.mark.docker
def test_the_tables_have_dockers_columns(shared: Path) -> None:
    """Times apart: they have gone on between the two."""
    for command in (["images", NAME], ["images", "--digests", f"you/{NAME}"], ["history", f"{NAME}:1"]):
        ours, theirs = (text.splitlines() for text in (dock2sh(*command).stdout, docker(*command)))
        assert ours[0].split() == theirs[0].split()
        assert len(ours) == len(theirs)
        for our, their in zip(ours[1:], theirs[1:], strict=True):
            assert our.split()[0] == their.split()[0]
            assert our.split()[-1] == their.split()[-1]
    assert dock2sh("images", NAME).stdout.splitlines()[1].startswith(f"{NAME}   1")


@pytest.mark.docker
def test_inspect_is_dockers_object(shared: Path) -> None:
    (ours,), (theirs,) = (json.loads(text) for text in (dock2sh("inspect", NAMED).stdout, docker("inspect", NAMED)))
    assert json.loads(dock2sh("inspect", "-f", "json", NAMED).stdout) == [ours]
    assert json.dumps(ours["Config"]) == json.dumps(theirs["Config"])  # the order, too
    for about in (ours, theirs):
        del about["GraphDriver"]["Data"], about["Metadata"], about["Size"]
    assert ours == theirs
    assert list(ours) == list(theirs)


@pytest.mark.docker
def test_what_we_save_docker_loads_and_runs(shared: Path, tmp_path: Path) -> None:
    dock2sh("tag", f"{NAME}:1", f"{NAME}:back")
    dock2sh("save", "-o", str(tmp_path / "a.tar"), f"{NAME}:back")
    first = (tmp_path / "a.tar").read_bytes()
    with (tmp_path / "b.tar").open("wb") as file:
        subprocess.run([sys.executable, "-m", "dock2sh", "save", f"{NAME}:back"], stdout=file, check=True)
    assert (tmp_path / "b.tar").read_bytes() == first, "the same image is the same bytes"
    assert docker("load", "-i", str(tmp_path / "a.tar")) == f"Loaded image: {NAME}:back\n"
    assert docker("inspect", "-f", "{{.Id}}", f"{NAME}:back") == docker("inspect", "-f", "{{.Id}}", f"{NAME}:1")
    assert docker("run", "--rm", f"{NAME}:back", "cat", "/tmp/x") == "hello\n"
    docker("rmi", f"{NAME}:back")
    dock2sh("rmi", f"{NAME}:back")
    for form in ("docker-archive", "oci-archive"):
        archive = tmp_path / f"{form}.tar"
        dock2sh("save", "--format", form, "-o", str(archive), f"{NAME}:1", f"you/{NAME}:2")
        subprocess.run(["gzip", "-k", archive], check=True)
        data = {**os.environ, "XDG_DATA_HOME": str(tmp_path / form)}
        with archive.with_suffix(".tar.gz").open() as file:
            loaded = dock2sh("load", stdin=file, env=data).stdout
        assert loaded == f"Loaded image: {NAME}:1\nLoaded image: you/{NAME}:2\n"
        assert dock2sh("inspect", "-f", "{{.Id}}", f"{NAME}:1", env=data).stdout == docker(
            "inspect", "-f", "{{.Id}}", f"{NAME}:1"
        )


@pytest.mark.docker
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_docker_and_skopeo_take_both_forms_and_give_them_back(
    shared: Path, form: str, tmp_path: Path, needs: Callable[[str], None]
) -> None:
    """Where skopeo writes another form it writes the config anew, and the image has another id."""
    needs("skopeo")
    archive, back = tmp_path / "a.tar", tmp_path / "back.tar"
    dock2sh("tag", f"{NAME}:1", f"{NAME}:{form}")
    known = dock2sh("inspect", "-f", "{{.Id}} {{.RootFS.Layers}}", f"{NAME}:1").stdout
    dock2sh("save", "--format", form, "-o", str(archive), f"{NAME}:{form}")
    dock2sh("rmi", f"{NAME}:{form}")
    assert docker("load", "-i", str(archive)) == f"Loaded image: {NAME}:{form}\n"
    assert docker("inspect", "-f", "{{.Id}} {{.RootFS.Layers}}", f"{NAME}:{form}") == known
    docker("rmi", f"{NAME}:{form}")
    for other in ("docker-archive", "oci-archive"):
        back.unlink(missing_ok=True)
        subprocess.run(["skopeo", "copy", "-q", f"{form}:{archive}", f"{other}:{back}:{NAME}:round"], check=True)
        data = {**os.environ, "XDG_DATA_HOME": str(tmp_path / other)}
        assert dock2sh("load", "-i", str(back), env=data).stdout == f"Loaded image: {NAME}:round\n"
        assert (
            dock2sh("inspect", "-f", "{{.Id}} {{.RootFS.Layers}}", f"{NAME}:round", env=data).stdout.split()[1:]
            == known.split()[1:]
        )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def image(home: Path) -> str:
    """An image of our own in an otherwise empty store; its id."""
    from dock2sh.images.store import open_store

    store = open_store()
    layer = store.add_layer(lambda out: out.write(bytes(10240)))
    config = {"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z", "config": {"Labels": {"k": "\x1b[31m"}}}
    return store.add_image({**config, "history": [{"created_by": "evil \x1b[2J"}]}, [layer], ["x:1"]).id


def test_removing_in_dockers_words(home: Path, image: str) -> None:
    dock2sh("tag", "x:1", "other/y")
    assert dock2sh("rmi", "x:1").stdout == "Untagged: x:1\n"
    dock2sh("tag", image[7:15], "z")
    done = dock2sh("rm", image, "z", "nosuch", status=1)
    assert "multiple repositories" in done.stderr
    assert "no such image: nosuch" in done.stderr
    assert done.stdout == "Untagged: z:latest\n"
    assert dock2sh("rmi", "-f", image).stdout == f"Untagged: other/y:latest\nDeleted: {image}\n"
    assert dock2sh("images", "-q").stdout == ""


def test_pruning_asks_and_tells(home: Path, image: str) -> None:
    assert "use -f" in dock2sh("prune", status=2).stderr
    assert dock2sh("prune", "-f").stdout == "Total reclaimed space: 0B\n"
    assert dock2sh("prune", "-f", "--all", "--filter", "until=2020-01-01").stdout == "Total reclaimed space: 0B\n"
    told = dock2sh("prune", "-f", "--all").stdout
    assert told.startswith(f"Deleted Images:\nuntagged: x:1\ndeleted: {image}\n\nTotal reclaimed space: 1")


def test_an_image_cannot_move_the_cursor(home: Path, image: str) -> None:
    assert "\x1b" not in dock2sh("history", "x:1").stdout


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (["history", "nosuch"], 1, "no such image: nosuch"),
        (["inspect", "nosuch"], 1, "no such image: nosuch"),
        (["save", "nosuch", "-o", "x.tar"], 1, "no such image: nosuch"),
        (["tag", "x:1", "Not A Name"], 1, "invalid reference format"),
        (["images", "--filter", "colour=red"], 1, "dangling, label, before"),
        (["images", "--filter", "before=nosuch"], 1, "no such image: nosuch"),
        (["images", "--format", "{{.Nope}}"], 1, "there is no field 'Nope'; there are Containers"),
        (["images", "--format", "{{.ID"], 1, "unclosed action"),
        (["images", "--format", "{{range .ID}}"], 1, "{{end}} is missing"),
        (["inspect", "-f", "{{join .Config.Env}}", "x:1"], 1, "wrong number of args for join: want 2 got 1"),
        (["inspect", "-f", "{{$x}}", "x:1"], 64, 'undefined variable "$x"'),
        (["inspect", "--type", "volume", "x:1"], 1, "there are images only"),
        (["inspect", "-f", "{{nope .Id}}", "x:1"], 64, 'function "nope" not defined'),
        (["inspect", "-f", "{{index .Config.Env 3}}", "x:1"], 1, "error calling index"),
        (["load", "-i", "nosuch.tar"], 1, "nosuch.tar"),
        (["load", "-i", "/etc/passwd"], 1, "no archive of images"),
        (["save", "--format", "zip", "x:1"], 2, "docker-archive, oci-archive"),
    ],
)
def test_what_is_wrong_is_one_line(home: Path, image: str, command: list[str], status: int, words: str) -> None:
    done = dock2sh(*command, status=status, cwd=home)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "x.tar").exists()


def test_half_an_archive_is_never_left(home: Path, image: str) -> None:
    """A layer that a power cut has left short is noticed while it is handed on."""
    from dock2sh.images.store import open_store

    store = open_store()
    found = store.find("x:1")
    assert found
    os.truncate(store.folder.blob(found.layers[0].digest), 5)
    assert "damaged" in dock2sh("save", "-o", str(home / "a.tar"), "x:1", status=1).stderr
    assert [name for name in os.listdir(home) if "a.tar" in name] == []
