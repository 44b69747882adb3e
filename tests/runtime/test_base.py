"""Base images and named contexts: where a root's files come from."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from workshop import Workshop

pytestmark = pytest.mark.root


def test_a_missing_base_is_named_with_its_cure(workshop: Workshop) -> None:
    top = "id=t total=1\nbuild() {\n    from example.org/no/such:1\n    step 1 x\n    run_exec true\n}\n"
    result = workshop.run(top, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert result.returncode == 3
    assert "the base image example.org/no/such:1" in result.stderr
    assert "--base example.org/no/such:1=SOURCE" in result.stderr


def tar_of(entries: dict[str, str | bytes | None], **more: str) -> bytes:
    """name -> content, None for a directory; more: name=link target."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in entries.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(member)
                continue
            data = content.encode() if isinstance(content, str) else content
            member.size, member.mode = len(data), 0o755
            tar.addfile(member, io.BytesIO(data))
        for name, target in more.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return buffer.getvalue()


def layers() -> list[bytes]:
    busybox = Path("/bin/busybox").read_bytes()
    return [
        tar_of(
            {"bin": None, "bin/busybox": busybox, "etc": None, "etc/a": "", "etc/b": "", "opt": None, "opt/x": ""}, link="etc"
        ),
        tar_of({"etc": None, "etc/.wh.a": "", "etc/b": "new", "opt": None, "opt/.wh..wh..opq": "", "opt/y": "y"}),
        tar_of({"link": None, "link/c": "a directory now"}),
    ]


def docker_archive(folder: Path) -> Path:
    names = []
    for number, layer in enumerate(layers()):
        (folder / str(number)).mkdir(parents=True)
        (folder / f"{number}/layer.tar").write_bytes(layer)
        names.append(f"{number}/layer.tar")
    (folder / "manifest.json").write_text(json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": names}], indent=1))
    return folder


def oci_layout(folder: Path) -> Path:
    def blob(data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (folder / "blobs/sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    (folder / "blobs/sha256").mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    manifest = {"schemaVersion": 2, "config": blob(b"{}"), "layers": [blob(gzip.compress(layer)) for layer in layers()]}
    (folder / "index.json").write_text(json.dumps({"manifests": [blob(json.dumps(manifest).encode())]}))
    return folder


@pytest.mark.parametrize("kind", ["docker", "oci", "docker.tar", "docker.tar.gz"])
def test_images_have_layers(workshop: Workshop, kind: str) -> None:
    source = oci_layout(workshop.home / "image") if kind == "oci" else docker_archive(workshop.home / "image")
    if kind.startswith("docker.tar"):
        source = workshop.home / "image.tar"
        pack = "-czf" if kind.endswith("gz") else "-cf"
        subprocess.run(["tar", "-C", workshop.home / "image", pack, source, "."], check=True)
    look = "run_exec /bin/busybox find /etc /opt /link ! -name hosts ! -name resolv.conf"
    top = f"id=t total=1\nbuild() {{\n    from some:image\n    step 1 x\n    {look}\n}}\n"
    result = workshop.run(top, "--base", f"some:image={source}")
    assert sorted(result.stdout.split()) == ["/etc", "/etc/b", "/link", "/link/c", "/opt", "/opt/y"], result.stderr
    assert (workshop.root / "etc/b").read_text() == "new"


@pytest.mark.parametrize("how", ["plain", "gzip", "xz"])
def test_a_tar_of_a_root(workshop: Workshop, how: str) -> None:
    source = workshop.busybox(workshop.home / "base")
    os.chown(source / "tmp", 3, 4)
    archive = workshop.home / "rootfs"
    subprocess.run(["tar", "-C", source, {"plain": "-cf", "gzip": "-czf", "xz": "-cJf"}[how], archive, "."], check=True)
    top = "id=t total=1\nbuild() {\n    from x\n    base_env PATH=/bin\n    step 1 x\n    run_exec stat -c %u:%g:%a /tmp\n}\n"
    result = workshop.run(top, "--base", f"x={archive}")
    assert result.stdout == "3:4:1777\n", result.stderr


def test_no_layer_writes_through_a_link_of_another(workshop: Workshop) -> None:
    outside = workshop.home / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = workshop.home / "image"
    for number, layer in enumerate([tar_of({"bin": None}, way=str(outside)), tar_of({"way/made": "x", "way/.wh.kept": ""})]):
        (folder / str(number)).mkdir(parents=True)
        (folder / f"{number}/layer.tar").write_bytes(layer)
    (folder / "manifest.json").write_text('[{"Layers":["0/layer.tar","1/layer.tar"]}]')
    workshop.run("id=t total=1\nbuild() {\n    from x\n    step 1 x\n    run_exec true\n}\n", "--base", f"x={folder}")
    assert [entry.name for entry in outside.iterdir()] == ["kept"]


def test_a_named_context(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.home / "named dir").mkdir()
    (workshop.home / "named dir/file").write_text("text")
    top = "id=t total=1\nbuild() {\n    from x\n    step 1 x\n    copy --from=named /file /file\n    run_exec /bin/cat /file\n}\n"
    result = workshop.run(top, "--build-context", f"named={workshop.home}/named dir")
    assert result.stdout == "text", result.stderr


IGNORED = "ignored_in() {\n    case $1 in\n    named) printf '%s\\n' DIGEST '+^[^/]*[.]log$' '+^d$' '-^d/kept$' ;;\n    esac\n}\n"
TAKES = """id=t total=2
build() {
    from x
    step 1 x
    copy --from=named . /all/
    step 2 x
    with bind from=named target=/m
    run_exec sh -c 'find /m -type f | sort; stat -c %u:%g /m/file'
}
"""


@pytest.mark.parametrize("changed", [False, True])
def test_the_ignore_file_of_a_named_context(workshop: Workshop, changed: bool) -> None:
    """What it leaves out is neither copied nor mounted, and all is root's, as docker transfers it."""
    workshop.busybox()
    named = workshop.home / "named"
    (named / "d").mkdir(parents=True)
    for name in ("file", "x.log", "d/out", "d/kept", ".dockerignore"):
        (named / name).write_text(name)
        os.chown(named / name, 7, 8)
    digest = hashlib.sha256(b"another" if changed else b".dockerignore").hexdigest()
    result = workshop.run(TAKES + IGNORED.replace("DIGEST", digest), "--build-context", f"named={named}")
    assert result.stdout == "/m/.dockerignore\n/m/d/kept\n/m/file\n0:0\n", result.stderr
    assert sorted(str(path.relative_to(workshop.root / "all")) for path in (workshop.root / "all").rglob("*")) == [
        ".dockerignore", "d", "d/kept", "file",
    ]  # fmt: skip
    assert ("is not the one that was there" in result.stderr) == changed


def test_the_ignore_file_of_a_named_context_is_not_known(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.home / "named").mkdir()
    (workshop.home / "named/.dockerignore").write_text("x")
    result = workshop.run(TAKES, "--build-context", f"named={workshop.home}/named")
    assert (result.returncode, "made with dock2sh --build-context named=DIR" in result.stderr) == (3, True)


def test_a_named_context_is_a_stage(workshop: Workshop) -> None:
    """As `dock2sh --build-context named=DIR` writes it; without the directory nobody is asked for an image of that name."""
    workshop.busybox()
    (workshop.home / "named").mkdir()
    (workshop.home / "named/file").write_text("text")
    top = "id=t total=1 stages='named\nlast named' known_contexts=named\n"
    top += "build() {\n    stage named named\n    from x\n    step 1 x\n    copy --from=named file /copy\n}\n"
    result = workshop.run(top)
    assert (result.returncode, "the named context named: give it with --build-context named=SOURCE" in result.stderr) == (3, True)
    result = workshop.run(top, "--build-context", f"docker.io/library/named:latest={workshop.home}/named")
    assert (result.returncode, (workshop.root / "copy").read_text()) == (0, "text"), result.stderr


def test_a_stage_begins_with_a_named_context(workshop: Workshop) -> None:
    (workshop.home / "named").mkdir()
    (workshop.home / "named/file").write_text("text")
    os.chown(workshop.home / "named/file", 7, 8)
    top = "id=t total=1\nbuild() {\n    from named\n    step 1 x\n    copy --from=named file /copy\n}\n"
    result = workshop.run(top, "--build-context", f"named={workshop.home}/named")
    assert result.returncode == 0, result.stderr
    assert [(path.name, path.stat().st_uid) for path in sorted(workshop.root.iterdir())] == [("copy", 0), ("file", 0)]


@pytest.mark.docker
def test_an_engine_gives_files_and_environment(workshop: Workshop) -> None:
    look = """run_exec sh -c 'ls -d /bin; echo "$A"'"""
    top = f'id=t total=1\nbuild() {{\n    from busybox\n    find_base_env\n    env A="$BASE_PATH"\n    step 1 x\n    {look}\n}}\n'
    result = workshop.run(top)
    assert "taking busybox from docker" in result.stderr
    assert result.stdout.startswith("/bin\n/"), result.stderr
    assert not (workshop.root / ".dockerenv").exists()
