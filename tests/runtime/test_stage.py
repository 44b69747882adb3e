"""Stages: where their files come from, when they are filled, and which steps are done."""

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

TWO = """id=two total=4
stages='build
side
final build'
build() {
    stage build base
    base_env PATH=/bin
    env WHERE=build
    step 1 'Dockerfile:2  RUN one'
    run_exec sh -c 'echo 1 $WHERE; echo made >/made'
    step 2 'Dockerfile:3  RUN two'
    run_exec sh -c 'echo 2; test ! -e /fail'
    stage side base
    base_env PATH=/bin
    step 3 'Dockerfile:5  RUN three'
    run_exec sh -c 'echo 3'
    from base
    base_env PATH=/bin
    step 4 'Dockerfile:8  COPY --from=build'
    copy --from=build /made /final
    run_exec sh -c 'echo 4 ${WHERE-none}; cat /final; ls /made 2>/dev/null; true'
}
"""


@pytest.fixture
def base(workshop: Workshop) -> str:
    return f"base={workshop.busybox(workshop.home / 'base')}"


def test_stages_have_roots_and_states_of_their_own(workshop: Workshop, base: str) -> None:
    result = workshop.run(TWO, "--base", base)
    assert result.stdout == "1 build\n2\n3\n4 none\nmade\n", result.stderr
    assert "[4/4] Dockerfile:8  COPY --from=build" in result.stderr
    assert sorted(path.name for path in workshop.root.iterdir()) == ["bin", "dev", "etc", "final", "proc", "sys", "tmp"]
    assert not workshop.state.exists()
    assert not (workshop.home / "root.dock2sh").exists()


ROOT = """id=root total=5
stages='made
final made'
build() {
    stage made base
    base_env PATH=/bin
    step 1 'Dockerfile:2  RUN chmod'
    run_exec sh -c 'chmod 2777 / && chown 33:33 /'
    step 2 'Dockerfile:3  RUN stat'
    run_exec sh -c "stat -c '%a %u:%g' /; chmod 700 /"
    from base
    base_env PATH=/bin
    step 3 'Dockerfile:5  RUN --mount=from=made'
    with bind target=/m source=/ from=made readonly=true
    run_exec sh -c "stat -c '%a %u:%g' /m; chown 5 /"
    step 4 'Dockerfile:6  COPY --from=made'
    copy --from=made --chmod=700 / /
    step 5 'Dockerfile:7  RUN stat'
    run_exec sh -c "stat -c '%a %u:%g' /; chmod 1777 /"
}
"""


def test_what_a_step_makes_of_the_root_directory_is_lost(workshop: Workshop, base: str) -> None:
    """As in docker 28.5 with overlay2, where only a mount of a finished stage shows what its last step has made of it."""
    result = workshop.run(ROOT, "--base", base)
    assert result.stdout == "755 0:0\n700 0:0\n755 0:0\n", result.stderr
    about = workshop.root.stat()
    assert (oct(about.st_mode & 0o7777), about.st_uid) == ("0o755", 0)


@pytest.mark.parametrize(
    ("options", "done"),
    [(["--stage", "build"], "1 build\n2\n"), (["--stage", "side"], "3\n"), (["--stage", "final"], "1 build\n2\n4 none\nmade\n")],
)
def test_one_stage_and_what_it_needs(workshop: Workshop, base: str, options: list[str], done: str) -> None:
    result = workshop.run(TWO, "--base", base, *options)
    assert result.stdout == done, result.stderr


def test_after_a_failure_it_goes_on(workshop: Workshop, base: str) -> None:
    (workshop.home / "base/fail").touch()
    failed = workshop.run(TWO, "--base", base)
    assert (failed.returncode, failed.stdout) == (1, "1 build\n2\n")
    assert "failed: step 2 of 4: Dockerfile:3  RUN two" in failed.stderr
    (workshop.state / "stages/build/root/fail").unlink()
    again = workshop.run(TWO, "--base", base, "--from", "2")
    assert again.stdout == "2\n3\n4 none\nmade\n", again.stderr


def test_from_needs_what_earlier_steps_made(workshop: Workshop, base: str) -> None:
    result = workshop.run(TWO, "--base", base, "--from", "2")
    assert (result.returncode, "the root of stage build as it was before this step" in result.stderr) == (3, True)


def test_only_one_step(workshop: Workshop, base: str) -> None:
    result = workshop.run(TWO, "--base", base, "--only", "3")
    assert result.stdout == "3\n", result.stderr


def test_a_plain_rerun_begins_afresh(workshop: Workshop, base: str) -> None:
    top = """id=t total=2
build() {
    from base
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'ls /left 2>/dev/null; echo x >/left'
    step 2 y
    run_exec false
}
"""
    for _ in range(2):
        result = workshop.run(top, "--base", base)
        assert (result.returncode, result.stdout) == (1, ""), result.stderr


def test_what_is_mounted_in_it_is_not_emptied(workshop: Workshop, base: str) -> None:
    workshop.root = workshop.home / "a \\ root"
    top = "id=t total=1\nbuild() {\n    from base\n    base_env PATH=/bin\n    step 1 x\n    run_exec false\n}\n"
    assert workshop.run(top, "--base", base).returncode == 1
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", workshop.root / "tmp"], check=True)
    try:
        (workshop.root / "tmp/thesis").touch()
        result = workshop.run(top, "--base", base)
        assert (result.returncode, "something is mounted in it" in result.stderr) == (3, True), result.stderr
        assert (workshop.root / "tmp/thesis").exists()
    finally:
        subprocess.run(["umount", workshop.root / "tmp"], check=True)


def test_what_it_did_not_make_is_never_emptied(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.root / "mine").touch()
    top = "id=t total=1\nbuild() {\n    from base\n    step 1 x\n    run_exec /bin/false\n}\n"
    for _ in range(2):
        workshop.run(top)
    assert (workshop.root / "mine").exists()


def test_keep_and_go_on(workshop: Workshop, base: str) -> None:
    top = """id=t total=4 stages='first
second first
last first second'
build() {
    from base first
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'echo first >/file'
    keep first
    stage_from second first
    base_env PATH=/bin
    step 2 y
    run_exec sh -c 'cat /file; echo second >/file'
    from_stage first
    base_env PATH=/bin
    step 3 z
    run_exec sh -c 'cat /file; echo last >/file'
    step 4 z
    copy --from=first /file /first
    copy --from=second /file /second
    run_exec sh -c 'cat /file /first /second'
}
"""
    result = workshop.run(top, "--base", base)
    assert result.stdout == "first\nfirst\nlast\nfirst\nsecond\n", result.stderr


def test_from_a_stage_that_has_its_own_root(workshop: Workshop, base: str) -> None:
    top = """id=t total=2 stages='first
last first'
build() {
    stage first base
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'echo first >/file'
    from_stage first
    base_env PATH=/bin
    step 2 z
    run_exec cat /file
}
"""
    assert workshop.run(top, "--base", base).stdout == "first\n"


def test_the_targets_own_files_are_a_base(workshop: Workshop) -> None:
    workshop.busybox()
    top = """id=t total=2 target_image=debian other_images='golang docker.io/library/debian:latest' stages='a
b a'
build() {
    stage a docker.io/library/debian:latest
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'echo a >/made'
    from debian
    base_env PATH=/bin
    step 2 y
    run_exec sh -c 'test ! -e /made && touch /dirty'
    copy --from=debian:latest / /pristine/
    run_exec sh -c 'ls /pristine/'
}
"""
    result = workshop.run(top)
    assert result.stdout.split() == ["bin", "etc", "tmp"], result.stderr


def test_a_root_that_no_other_stage_needs_is_not_copied(workshop: Workshop, base: str) -> None:
    workshop.busybox()
    top = """id=t total=1 target_image=debian other_images=base stages='a
b a'
build() {
    stage a base
    from debian
    base_env PATH=/bin
    step 1 x
    copy --from=a /etc/passwd /etc/passwd
    [ ! -e "$state/pristine" ] || exit 7
}
"""
    assert workshop.run(top, "--base", base).returncode == 0


def test_the_stage_that_the_target_goes_on_from_is_one_to_ask_for(workshop: Workshop, base: str) -> None:
    top = """id=t total=2 stages='first
last first'
build() {
    from base first
    base_env PATH=/bin
    step 1 x
    run_exec echo 1
    from_stage first
    base_env PATH=/bin
    step 2 y
    run_exec echo 2
}
"""
    assert workshop.run(top, "--base", base, "--stage", "first").stdout == "1\n"
    assert workshop.run(top, "--base", base, "--stage", "last").stdout == "1\n2\n"


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
