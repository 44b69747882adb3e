"""The same script in each sandbox: the same files, owners, modes, links, devices, attributes and times as without one."""

import os
import socket
from pathlib import Path

import pytest
from places import EACH, SANDBOXES, Clock, busybox_root, by_hand, job, run

pytestmark = [pytest.mark.root, pytest.mark.slow]

EVERYTHING = """
set -e
mkdir -p /made/deep
echo one >/made/deep/one
ln /made/deep/one /made/two
chown 12:34 /made/deep
chmod 4755 /made/two
mkfifo -m 640 /made/pipe
mknod /made/device c 1 3
ln -s nowhere /made/dangling
touch -d @1000000000 /made/old
mkdir -m 1777 /spool
: >'/made/a name, "quoted"
and two lines'
echo more >>/etc/passwd
rm -rf /changes/from-directory && ln -s /made /changes/from-directory
rm /changes/from-file && mkdir /changes/from-file
rm -r /changes/gone
touch -r /changes/same-size /made/time && echo TWO >/changes/same-size && touch -r /made/time /changes/same-size
cp /changes/pair-a /made/x && rm /changes/pair-a && mv /made/x /changes/pair-a
[ "${HERE-$(cat here 2>/dev/null)}" = context ]
"""


def full_root(root: Path) -> str:
    """With a file capability, and things for EVERYTHING to change."""
    busybox_root(root)
    changes = root / "changes"
    for folder in ("from-directory/below", "gone/below"):
        (changes / folder).mkdir(parents=True)
    for name, text in {"from-file": "x", "same-size": "two\n", "pair-a": "pair", "capable": "x", "attributed": "x"}.items():
        (changes / name).write_text(text)
    os.link(changes / "pair-a", changes / "pair-b")
    os.chown(changes / "capable", 7, 8)
    os.setxattr(changes / "capable", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    os.setxattr(changes / "attributed", "user.of-the-image", b"x")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(changes / "socket"))
    server.close()
    return str(root)


@pytest.mark.parametrize("name", EACH)
def test_the_same_tree(name: str, tmp_path: Path) -> None:
    clock = Clock()
    inside, outside = (job(tmp_path / where, EVERYTHING, full_root) for where in ("inside", "outside"))
    status, said = run(SANDBOXES[name](), inside)
    assert (status, said) == (0, "")
    by_hand(outside)
    assert clock.tree(inside.root) == clock.tree(outside.root)


@pytest.mark.parametrize("name", EACH)
def test_an_untouched_root_stays_as_it_is(name: str, tmp_path: Path) -> None:
    """Not even a directory's time changes, though the engine mounts things in there."""
    still = job(tmp_path, "true", full_root)
    before = {path: os.lstat(path).st_mtime_ns for path in Path(still.root).rglob("*")}
    assert run(SANDBOXES[name](), still)[0] == 0
    assert {path: os.lstat(path).st_mtime_ns for path in Path(still.root).rglob("*")} == before


@pytest.mark.parametrize("name", EACH)
def test_what_a_failing_script_has_made_is_there(name: str, tmp_path: Path) -> None:
    status, said = run(SANDBOXES[name](), failing := job(tmp_path, "echo out; echo err >&2; touch /made; exit 77"))
    assert (status, said) == (77, "out\nerr\n")
    assert Path(failing.root, "made").exists()


@pytest.mark.parametrize("name", EACH)
def test_what_comes_along(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Context, other images, named contexts and secrets: where the words say; and nobody's files can be changed from inside."""
    monkeypatch.setenv("OF_THE_ENVIRONMENT", "two\n")
    (tmp_path / "secret").write_text("one, and more\n" * 1000)
    image = Path(busybox_root(tmp_path / "image"))
    (named := tmp_path / "with a blank, and comma").mkdir()
    (named / "file").write_text("named")
    script = """
        cat here; { echo x >here; } 2>/dev/null
        while [ $# -gt 0 ]; do
            case $2 in
            busybox:1=*) cat "${2#*=}/etc/hosts"; rm -f "${2#*=}/etc/hosts" 2>/dev/null ;;
            other=*) cat "${2#*=}/file"; rm -f "${2#*=}/file" 2>/dev/null ;;
            id=*) ls -l "${2#*src=}" | cut -c 1-10; cat "${2#*src=}" | tail -n 1 ;;
            esac
            shift 2
        done
        [ -z "$(cat)" ] && echo nothing to read
    """
    options = ("--secret", f"id=one,src={tmp_path}/secret", "--secret=id=two,env=OF_THE_ENVIRONMENT")
    brought = job(tmp_path / "job", script, images={"busybox:1": str(image)}, contexts={"other": str(named)}, options=options)
    status, said = run(SANDBOXES[name](), brought)
    private = "-rw-------\n"
    expected = f"context127.0.0.1 the-image\nnamed{private}one, and more\n{private}two\nnothing to read\n"
    assert (status, said) == (0, expected)
    assert (tmp_path / "job/context/here").read_text() == "context"
    assert (image / "etc/hosts").exists()
    assert (named / "file").exists()


@pytest.mark.parametrize("name", EACH)
def test_output_comes_as_it_is_and_when_it_is_said(name: str, tmp_path: Path) -> None:
    """Bytes of any kind, much of it; and the first word is here before the last is spoken."""
    # docker's root is not ours while it runs: there only the bytes are looked at
    wait = "" if name.startswith("docker") else "while [ ! -e /go ]; do sleep 1; [ $((n=n+1)) -lt 60 ] || exit 9; done;"
    talking = job(tmp_path, rf"printf 'first\n'; {wait} seq 20000; printf '\0\r\n\377'")
    said = b""

    def say(text: bytes) -> None:
        nonlocal said
        said += text
        if b"first\n" in said:
            Path(talking.root, "go").touch()

    assert SANDBOXES[name]().run(talking, say) == 0
    assert said == b"first\n" + "".join(f"{n}\n" for n in range(1, 20001)).encode() + b"\0\r\n\xff"
