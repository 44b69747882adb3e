"""What a build is given besides its context: secrets, named contexts, images to copy from, an agent."""

import json
import os
import tarfile
from pathlib import Path

import pytest
from building import Emulate, dock2sh

pytestmark = pytest.mark.root


def test_secrets_from_a_file_and_from_the_environment(emulate: Emulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "from env")
    monkeypatch.setenv("LEAKED", "no")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.txt").write_text("from file")
    text = (
        "FROM busybox\nRUN --mount=type=secret,id=f --mount=type=secret,id=e,env=E --mount=type=secret,id=TOKEN "
        'echo "$(cat /run/secrets/f) $E $(cat /run/secrets/TOKEN) [$LEAKED$TOKEN]" >/said\n'
    )
    options = ["--secret=id=f,src=secret.txt", "--secret=id=e,env=TOKEN", "--secret=id=TOKEN"]
    done = emulate(text, *options, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/rootfs/said").read_text() == "from file from env from env []\n"
    assert not (tmp_path / "out/rootfs/run/secrets").exists()


def test_a_named_context(emulate: Emulate, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/f").write_text("one")
    os.chown(tmp_path / "more/f", 33, 33)
    text = "FROM busybox\nCOPY --from=more f /f\nRUN --mount=type=bind,from=more,target=/m cat /m/f >/g\n"
    given = f"--build-context=more={tmp_path}/more"
    assert emulate(text, given, "-o", tmp_path / "out").returncode == 0
    assert (tmp_path / "out/rootfs/f").read_text() == (tmp_path / "out/rootfs/g").read_text() == "one"
    assert (tmp_path / "out/rootfs/f").stat().st_uid == 0
    (tmp_path / "more/f").write_text("two")
    assert emulate(text, given, "-o", tmp_path / "again").returncode == 0
    assert (tmp_path / "again/rootfs/g").read_text() == "two"


def test_a_stage_that_begins_with_a_named_context(emulate: Emulate, tmp_path: Path) -> None:
    """It is transferred as a context is, less what its own ignore file leaves out, also where it is copied from besides."""
    (tmp_path / "more").mkdir()
    for name, content in {"f": "one", "no": "left out", ".dockerignore": "no\n"}.items():
        (tmp_path / "more" / name).write_text(content)
        os.chown(tmp_path / "more" / name, 33, 33)
    text = "FROM more\nCOPY --from=more f /g\n"
    given = f"--build-context=more={tmp_path}/more"
    assert emulate(text, given, "-o", tmp_path / "out").returncode == 0
    found = {path.name: path.stat().st_uid for path in (tmp_path / "out/rootfs").iterdir()}
    assert found == {".dockerignore": 0, "f": 0, "g": 0}
    (tmp_path / "more/f").write_text("two")
    done = emulate(text, given, "-o", tmp_path / "again")
    assert (tmp_path / "again/rootfs/f").read_text() == (tmp_path / "again/rootfs/g").read_text() == "two"
    assert "CACHED" not in done.stderr
    assert "CACHED" in emulate(text, given, "-o", tmp_path / "third").stderr


def test_a_directory_that_is_an_image(emulate: Emulate, tmp_path: Path) -> None:
    """--base NAME=DIR: its files as they are, with owners; nothing is transferred as a context."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root/f").write_text("one")
    os.chown(tmp_path / "root/f", 33, 34)
    for text in ("FROM own:1\nWORKDIR /w\n", "FROM scratch\nCOPY --from=own:1 /f /f\n"):
        done = emulate(text, f"--base=own:1={tmp_path}/root", "-o", tmp_path / f"out{len(text)}")
        assert done.returncode == 0, done.stderr
        status = (tmp_path / f"out{len(text)}/rootfs/f").stat()
        assert (status.st_uid, status.st_gid) == (33, 34)


def test_an_image_that_no_stage_begins_with(emulate: Emulate, archive: Path, tmp_path: Path) -> None:
    text = "FROM scratch\nCOPY --from=other:1 /etc/passwd /p\n"
    assert emulate(text, f"--base=other:1={archive}", "-o", tmp_path / "out").returncode == 0
    assert (tmp_path / "out/rootfs/p").read_text().startswith("root:")


def test_five_hundred_steps(emulate: Emulate, tmp_path: Path) -> None:
    text = "FROM busybox\n" + "".join(f"WORKDIR /d/{number}\n" for number in range(500))
    done = emulate(text, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr[-500:]
    assert len(list((tmp_path / "out/rootfs/d").iterdir())) == 500


def test_dockers_words_for_where_the_result_goes(emulate: Emulate, tmp_path: Path) -> None:
    assert emulate("FROM busybox\nRUN true\n", "-o", f"type=tar,dest={tmp_path}/out.file").returncode == 0
    assert tarfile.is_tarfile(tmp_path / "out.file")
    assert emulate("FROM busybox\nRUN true\n", "-o", f"type=local,dest={tmp_path}/out").returncode == 0
    assert (tmp_path / "out/rootfs/bin").is_dir()
    assert dock2sh("images", "-q").stdout == ""  # what is only written out is not kept
    assert emulate("FROM busybox\nRUN true\n", "-o", "type=cacheonly").returncode == 0
    assert dock2sh("images", "-q").stdout == ""


def test_an_image_goes_to_several_places(emulate: Emulate, tmp_path: Path) -> None:
    archives, told = [tmp_path / "oci", tmp_path / "docker"], tmp_path / "told.json"
    places = [f"--output=type={file.name},dest={file}" for file in archives]
    done = emulate(
        "FROM busybox\nRUN true\n", *places, "-o", "type=image,name=two:2", "-t", "one:1", f"--metadata-file={told}", "-q"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(told.read_text())["containerimage.config.digest"] == done.stdout.strip()
    assert json.loads(told.read_text())["image.name"] == "docker.io/library/one:1,docker.io/library/two:2"
    for file in archives:
        assert dock2sh("rmi", "one:1", "two:2").returncode == 0
        assert dock2sh("load", "-i", file).stdout == "Loaded image: one:1\nLoaded image: two:2\n"
        assert dock2sh("inspect", "-f", "{{.Id}}", "two:2").stdout == done.stdout


@pytest.mark.parametrize("name", ["a b'c\"d", "%s,x:y\\z", "$HOME *[x]#&;|<>", "-ünï\tx"])
def test_whatever_the_place_of_the_data_is_called(
    emulate: Emulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / name))
    text = "FROM busybox\nRUN --mount=type=cache,target=/c --mount=type=bind,target=/b touch /c/a && echo hi >/x\n"
    done = emulate(text + "FROM scratch\nCOPY --from=0 /x /x\nCOPY --from=0 /bin /bin\n", "-t", "named:1")
    assert done.returncode == 0, done.stderr
    assert dock2sh("run", "-v", "kept:/v", "named:1", "/bin/busybox", "cat", "/x").stdout == "hi\n"
    assert dock2sh("save", "-o", tmp_path / "saved", "named:1").returncode == 0


@pytest.mark.parametrize("name", [b"new\nline", b"\xff"])
def test_a_place_that_no_shell_can_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", f"{tmp_path}/{os.fsdecode(name)}")
    done = dock2sh("images")
    assert (done.returncode, done.stdout) == (1, "")
    assert "set XDG_DATA_HOME to another place" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_dockerfile_from_standard_input_has_no_context(data: Path, archive: Path, tmp_path: Path) -> None:
    """Not the directory that one happens to be in, of which the cache would know nothing."""
    (tmp_path / "a").write_text("a")
    for step, status in (("COPY a /a", 1), ("RUN --mount=type=bind,target=/b cat /b/a", 1), ("COPY <<E /e\nx\nE", 0)):
        done = dock2sh("emulate", f"--base=busybox={archive}", "-", input=f"FROM busybox\n{step}\n", cwd=tmp_path)
        assert done.returncode == status, done.stderr
        assert ("there is no build context" in done.stderr) == bool(status)


@pytest.mark.parametrize(
    "words", [("--secret", "id=a,src=nosuch"), ("--secret", "id=nosuch"), ("--ssh", "default"), ("--ssh", "x=nosuch")]
)
def test_what_no_step_asks_for_must_be_there(emulate: Emulate, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    done = emulate("FROM busybox\nRUN true\n", *words)
    assert (done.returncode, words[0] in done.stderr, "RUN" in done.stderr) == (2, True, False), done.stderr
