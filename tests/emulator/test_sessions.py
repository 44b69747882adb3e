"""`dock2sh run`: what docker run does with an image, in the foreground, and on a real terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from building import Emulate, dock2sh

pytestmark = pytest.mark.root

SLEEPER = 'FROM busybox\nENV GREETING="hello  you"\nWORKDIR /srv\nENTRYPOINT ["echo", "E"]\nCMD ["C"]\n'

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(emulate: Emulate) -> Run:
    """`run(OPTION..., IMAGE, WORD...)`; the images sleeper and plain are there."""
    assert emulate(SLEEPER, "-t", "sleeper").returncode == 0
    assert emulate("FROM busybox\nRUN adduser -D ann\n", "-t", "plain").returncode == 0
    return lambda *words, **options: dock2sh("run", *words, **options)


def test_arguments_replace_cmd_and_keep_entrypoint(run: Run) -> None:
    done = run("sleeper")
    assert (done.stdout, done.stderr) == ("E C\n", "")
    assert run("sleeper", "10", "-x").stdout == "E 10 -x\n"
    assert run("--entrypoint", "pwd", "sleeper").stdout == "/srv\n"
    assert run("--entrypoint=", "sleeper", "pwd").stdout == "/srv\n"


@pytest.mark.parametrize(
    ("words", "status"),
    [(["sh", "-c", "exit 7"], 7), (["sh", "-c", "sh -c 'kill -9 $$'; exit $?"], 137), (["nothing"], 127), (["/etc/passwd"], 126)],
)
def test_the_status_is_the_commands(words: list[str], status: int, run: Run) -> None:
    assert run("plain", *words).returncode == status


def test_environment_directory_and_user(run: Run) -> None:
    said = run(
        "--entrypoint", "env", "-e", "A=1 2", "-e", "HOME", "--hostname", "box", "sleeper", env=os.environ | {"HOME": "/h"}
    )
    variables = dict(line.split("=", 1) for line in said.stdout.splitlines())
    assert variables == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME": "box",
        "GREETING": "hello  you",
        "A": "1 2",
        "HOME": "/h",
    }
    assert (
        run("-u", "ann", "-w", "/tmp", "plain", "sh", "-c", "id -un; pwd; hostname >h; echo $HOME").stdout
        == "ann\n/tmp\n/home/ann\n"
    )


def test_what_the_image_says_is_more_than_what_docker_adds(run: Run, emulate: Emulate) -> None:
    """Seen with Docker 28: HOSTNAME and TERM are the image's, if it has them; `-e NAME` that nobody has takes one away."""
    assert emulate("FROM busybox\nENV HOSTNAME=mine TERM=dumb\n", "-t", "named").returncode == 0
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    world = {key: value for key, value in os.environ.items() if key != "HOSTNAME"}
    assert run("-h", "box", "named", "env").stdout == path + "HOSTNAME=mine\nTERM=dumb\nHOME=/root\n"
    assert run("-t", "named", "env").stdout.replace("\r", "") == path + "HOSTNAME=mine\nTERM=dumb\nHOME=/root\n"
    assert run("-e", "HOSTNAME", "named", "env", env=world).stdout == path + "TERM=dumb\nHOME=/root\n"


def test_an_images_libraries_are_not_ours(run: Run, emulate: Emulate) -> None:
    """What an image has in the place of libseccomp would be run with every right; and one without it has docker's filter, too."""
    assert emulate("FROM plain\nRUN mkdir -p /lib && echo no >/lib/libseccomp.so.2\n", "-t", "own").returncode == 0
    done = run("own", "grep", "^Seccomp:", "/proc/self/status", env=os.environ | {"LD_LIBRARY_PATH": "/lib"})
    assert (done.stdout, done.stderr) == ("Seccomp:\t2\n", "")


def test_nothing_that_it_writes_stays(run: Run) -> None:
    assert run("plain", "sh", "-c", "echo x >/etc/passwd").returncode == 0
    assert "root:" in run("plain", "cat", "/etc/passwd").stdout


def test_volumes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/in").write_text("in")
    assert run("-v", f"{tmp_path}/d:/new/d", "plain", "sh", "-c", "cat /new/d/in; echo out >/new/d/out").stdout == "in"
    assert (tmp_path / "d/out").read_text() == "out\n"
    assert run("-v", f"{tmp_path}/d:/d:ro", "plain", "touch", "/d/x").returncode == 1
    assert run("-v", f"{tmp_path}/d/in:/etc/in", "plain", "cat", "/etc/in").stdout == "in"


def test_network_none_has_only_lo(run: Run) -> None:
    assert run("--network=none", "plain", "sh", "-c", "ls /sys/class/net; ping -c1 127.0.0.1 >/dev/null").stdout == "lo\n"


def test_standard_input_is_for_the_interactive(run: Run) -> None:
    assert run("plain", "cat", input="x").stdout == ""
    assert run("-i", "plain", "cat", input="x").stdout == "x"


def test_signals_pass_through(run: Run, data: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "dock2sh",
        "run",
        "plain",
        "sh",
        "-c",
        "trap 'echo got; exit 9' TERM; echo up; while :; do sleep 0.1; done",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "got\n"
    assert process.returncode == 9
    assert list((data / "work").iterdir()) == []


@pytest.fixture
def terminal(run: Run) -> "Iterator[pexpect.spawn[str]]":
    """`run -it` of a shell, in a terminal of 30 lines."""
    words = ["-m", "dock2sh", "run", "-it", "plain", "sh"]
    child = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=30, dimensions=(30, 90))
    yield child
    child.close(force=True)


def test_a_real_terminal(terminal: "pexpect.spawn[str]") -> None:
    terminal.sendline("tty; stty size; echo end1$((1))")
    terminal.expect(r"/dev/pts/0\r\n30 90\r\nend11")
    terminal.setwinsize(40, 120)
    time.sleep(0.2)
    terminal.sendline("stty size; echo end2$((1))")
    terminal.expect(r"\n40 120\r\nend21")
    terminal.sendline("sleep 100")
    time.sleep(0.5)
    terminal.sendintr()
    terminal.sendline("echo status$?")
    terminal.expect("status130")
    terminal.sendline("exit 5")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 5


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT", "USR1", "QUIT"])
def test_signals_pass_through_beside_a_terminal(name: str, run: Run) -> None:
    """docker run passes them on with -t, too."""
    waits = f"trap 'echo got; exit 3' {name}; echo ready; while :; do sleep 0.1; done"
    command = ["-m", "dock2sh", "run", "-it", "plain", "sh", "-c", waits]
    with pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=30) as terminal:
        terminal.expect("ready\r\n")
        os.kill(terminal.pid, getattr(signal, f"SIG{name}"))
        terminal.expect("got\r\n")
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 3


def test_a_terminal_that_goes_away_takes_it_with_it(run: Run) -> None:
    """Even what does not heed the SIGHUP: nobody could reach it any more."""
    mark = f"dock2sh-{os.getpid()}-gone"
    command = ["-m", "dock2sh", "run", "-it", "plain", "sh", "-c", f"trap '' HUP; echo ready; while : {mark}; do sleep 0.1; done"]
    terminal = pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=30)
    terminal.expect("ready\r\n")
    os.close(terminal.child_fd)
    until = time.monotonic() + 20
    while subprocess.run(["pgrep", "-f", mark], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < until
        time.sleep(0.2)
    os.waitpid(terminal.pid, 0)
    terminal.closed, terminal.child_fd = True, -1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-v", "x", "plain"], "PATH:/TARGET"),
        (["--network=bad", "plain"], "host or none"),
        (["nothing-of-that-name"], "nobody here has the image"),
    ],
)
def test_what_cannot_be_is_said(words: list[str], said: str, run: Run) -> None:
    done = run(*words)
    assert done.returncode == 125
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("user", ["0", "33"])
def test_files_of_the_caller_stay_his(data: Path, archive: Path, tmp_path: Path, user: str) -> None:
    """docker's client stands between: /dev/stdout is a pipe, which a command may open, whoever it is, and cuts nothing off."""
    (tmp_path / "in").write_text("typed\n")
    words = "echo out; echo err >&2; cat /dev/stdin >/dev/stdout; echo more >/dev/stderr"
    command = ["run", f"--base=busybox={archive}", "-i", "-u", user, "busybox", "sh", "-c", words]
    with (tmp_path / "in").open() as given, (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        assert dock2sh(*command, capture_output=False, stdin=given, stdout=out, stderr=err).returncode == 0
    assert ((tmp_path / "out").read_text(), (tmp_path / "err").read_text()) == ("out\ntyped\n", "err\nmore\n")
    assert {(tmp_path / name).stat().st_uid for name in ("in", "out", "err")} == {0}
    assert os.stat("/dev/null").st_uid == 0
