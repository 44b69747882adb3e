"""Base images brought into the store: from every SOURCE, from a real docker, in the order that is promised."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from test_sources import SOURCES, _known, made  # noqa: F401  (a fixture)
from test_store import add_layer, config, tar_of

from dock2sh.images import ImageError, bootstrap, find_image, import_image
from dock2sh.images.bring import Wish
from dock2sh.images.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return open_store()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dock2sh.images.engines.find", lambda reference, platform: None)


@pytest.mark.root
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_layer(made: Path, store: Store, source: str) -> None:  # noqa: F811
    said: list[str] = []
    wish = Wish(said.append)
    image = import_image("thing:1", {"thing:1": str(made / source)}, "linux/amd64", wish=wish)
    assert said == [f"thing:1 is taken from {made / source}"]
    listing = ["find", ".", "-printf", "%p %y %m %U %G %s %n %T@ %l\n"]
    (layer,) = image.layers
    ours, theirs = (
        subprocess.run(listing, cwd=place, capture_output=True, check=True).stdout
        for place in (store.directory(layer), made / "root")
    )
    assert _known(ours) == _known(theirs)
    assert store.all() == [], "a copy is no image of the user's"
    again = import_image("thing:1", {"thing:1": str(made / source)}, "linux/amd64", wish=wish)
    assert again == image


@pytest.mark.root
def test_compressed_layers_stay_as_they_are(made: Path, store: Store) -> None:  # noqa: F811
    image = import_image("thing:1", {"thing:1": str(made / "layout")}, "linux/amd64")
    index = json.loads((made / "layout/index.json").read_text())
    assert image.manifest == index["manifests"][0]["digest"]
    assert image.layers[0].media_type.endswith("+gzip")
    assert image.layers[0].digest != image.layers[0].diff_id


@pytest.mark.docker
@pytest.mark.root
def test_an_image_of_docker_keeps_its_id_and_its_layers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    image = import_image("busybox", {}, wish=Wish(said.append))
    told = json.loads(subprocess.run(["docker", "inspect", "busybox"], capture_output=True, check=True).stdout)[0]
    assert image.id == told["Id"]
    assert [layer.diff_id for layer in image.layers] == told["RootFS"]["Layers"]
    assert said == ["busybox is taken from the local docker"]
    assert os.path.exists(store.directory(image.layers[0]) + "/bin/busybox")
    assert find_image(told["Id"][7:19], {}) is None, "FROM never means an id"
    # a newer image of that name is what counts, and when docker is gone its last copy
    subprocess.run(["docker", "tag", "debian:bookworm-slim", "dock2sh-bring:1"], check=True)
    first = import_image("dock2sh-bring:1", {})
    subprocess.run(["docker", "tag", "busybox", "dock2sh-bring:1"], check=True)
    assert import_image("dock2sh-bring:1", {}).id == told["Id"] != first.id
    subprocess.run(["docker", "rmi", "dock2sh-bring:1"], check=True, capture_output=True)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    assert import_image("dock2sh-bring:1", {}).id == told["Id"]


def test_the_order(store: Store, no_engine: None, tmp_path: Path) -> None:
    """Given, own, and nothing is found by an id or a part of a name."""
    (tmp_path / "root").mkdir()
    with pytest.raises(ImageError, match=r"nobody here has the image x:1 for linux/arm64\..*--base NAME=SOURCE"):
        import_image("x:1", {}, "linux/arm64")
    own = store.add_image(config(), [add_layer(store, tar_of(a="1"))], ["x:1"])
    assert import_image("x:1", {}) == own
    given = import_image("x:1", {"docker.io/library/x:1": str(tmp_path / "root")})
    assert given.id != own.id
    found = find_image("x:1", {})
    assert found
    assert found.where == f"the store {store.path}"
    assert found.config["config"]["Cmd"] == ["sh"]
    pulled = import_image("y", {}, wish=Wish(pull=lambda reference, platform, store: own))
    assert pulled == own


@pytest.mark.parametrize(
    ("reference", "suite"),
    [
        ("debian:12", ("debian", "bookworm")),
        ("debian", ("debian", "stable")),
        ("debian:bookworm-slim", ("debian", "bookworm")),
        ("debian:bookworm-20250101-slim", ("debian", "bookworm")),
        ("debian:12.5", ("debian", "bookworm")),
        ("ubuntu:22.04", ("ubuntu", "jammy")),
        ("ubuntu:noble-20250101", ("ubuntu", "noble")),
        ("debian:nonsense", ("debian", "")),
        ("me/debian:12", ("", "")),
        ("elsewhere.example/debian:12", ("", "")),
        ("python:3", ("", "")),
    ],
)
def test_which_images_can_be_made_from_packages(reference: str, suite: tuple[str, str]) -> None:
    assert bootstrap.suite_of(reference) == suite


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("I: running\nErr:1 http://a noble InRelease\n  NO_PUBKEY 871920D1991BC93C\nE: mmdebstrap failed to run\n",
         "the keys of ubuntu's archive are not here. Install ubuntu-keyring"),
        ("E: Release signed by unknown key (key id 871920D1991BC93C)\n", "are not here. Install ubuntu-keyring"),
        ("I: x\nW: Failed to fetch http://a/InRelease  Could not resolve 'a'\nE: Some index files failed\n",
         "ubuntu's archive cannot be reached: W: Failed to fetch http://a/InRelease"),
        ("E: Failed getting release file http://a/Release\n", "cannot be reached: E: Failed getting release file"),
        ("I: x\nE: unknown suite\nI: cleaning\n", "E: unknown suite"),
        ("nothing that we know\n", "nothing that we know"),
    ],
)  # fmt: skip
def test_why_no_image_could_be_made(said: str, words: str) -> None:
    """As mmdebstrap 1.3 and debootstrap 1.0.128 say it."""
    assert words in bootstrap.why(said, "ubuntu")


def test_the_mirror_is_the_one_of_this_machine_if_it_runs_the_same(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('NAME="X"\nID=debian\n')
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/a.sources").write_text("Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\n")
    release = str(tmp_path / "os-release")
    assert bootstrap.mirror("debian", str(tmp_path), release) == ["http://mirror.example/debian"]
    assert bootstrap.mirror("ubuntu", str(tmp_path), release) == []
    (tmp_path / "sources.list").write_text("# no\ndeb [signed-by=/x y=z] http://list.example/debian sid main\n")
    assert bootstrap.mirror("debian", str(tmp_path), release) == ["http://list.example/debian"]
    assert bootstrap.mirror("debian", str(tmp_path), "/nowhere") == []


@pytest.mark.slow
@pytest.mark.root
def test_debian_made_from_its_packages(store: Store, no_engine: None) -> None:
    said: list[str] = []
    image = import_image("debian:12-slim", {}, wish=Wish(said.append, bootstrap=True))
    assert "much like debian:12-slim" in said[0]
    packages, more = (store.directory(layer) for layer in image.layers)
    assert os.path.exists(f"{packages}/usr/bin/apt-get")
    assert os.path.exists(f"{packages}/usr/share/doc/dpkg/copyright")
    assert not [
        file for folder in ("man", "locale") for _, _, files in os.walk(f"{packages}/usr/share/{folder}") for file in files
    ]
    assert os.listdir(f"{packages}/var/cache/apt/archives/partial") == []
    assert not os.path.exists(f"{packages}/etc/resolv.conf")
    assert os.access(f"{more}/usr/sbin/policy-rc.d", os.X_OK)
    assert "docker-clean" in os.listdir(f"{more}/etc/apt/apt.conf.d")
    assert image.config["config"]["Cmd"] == ["bash"]
