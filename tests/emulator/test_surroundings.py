"""What a command sees is docker's, also where the emulator starts it and not the script (tests/runtime has the script's own)."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
from building import dock2sh

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))
from test_run_docker import PLACES, SEE, differences, dockerfile, of_docker

pytestmark = [pytest.mark.root, pytest.mark.docker]


def test_a_command_sees_what_docker_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    project = tmp_path / "surroundings"
    project.mkdir()
    (project / "Dockerfile").write_text(dockerfile("busybox", [SEE, PLACES]))
    done = dock2sh("emulate", "-o", tmp_path / "out", project)
    assert done.returncode == 0, done.stderr
    ours = {file.name: file.read_text() for file in (tmp_path / "out/rootfs/tmp").iterdir()}
    assert not differences(ours, of_docker("busybox", [SEE, PLACES], tmp_path))


REFUSED = """134 136 139 153 155 156 163 164 165 166 167 168 169 170 171 172 173 174 175 176 177 178 179 180 212 227 237 238
    239 246 248 249 250 256 272 279 298 300 304 308 310 312
    313 320 321 323 425 426 427 428 429 430 431 432 433 435 438 440 442 443 450"""
KNOWN = "0 3 5 9 16 21 41 56 72 90 101 105 119 161 206 257 302 317 318 319 322 334 434 436 437 439 441 447 470 500"
CALLS = f"""
for my $call (map {{ [$_, -1] }} qw({REFUSED} {KNOWN}), ) {{ $! = 0; syscall($call->[0], (-1) x 6); print "$call->[0] $!\\n" }}
for my $call ([41, 40], [41, 16], [56, 0x10000000], [56, 0x20000], [135, 0], [135, 0x20008], [135, 0x40000], [135, 0xffffffff]) {{
    $! = 0; my $got = syscall($call->[0], $call->[1], 3, -1); print "@$call ", $got < 0 ? $! : "done", "\\n"
}}
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of calls are those of x86-64")
@pytest.mark.parametrize("user", ["root", "nobody"])
def test_the_same_calls_are_refused(user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    project = tmp_path / f"calls-{user}-{tmp_path.parent.name}"
    project.mkdir()
    (project / "calls.pl").write_text(CALLS.replace("\\\\n", "\\n"))
    look = "perl /calls.pl && grep -E '^(Seccomp|NoNew)' /proc/self/status"
    text = f"FROM debian:12\nCOPY calls.pl /\nUSER {user}\nRUN {look}\nRUN --mount=type=tmpfs,target=/m {look}\n"
    (project / "Dockerfile").write_text(text)
    told = dock2sh("emulate", "--progress=plain", "--no-cache", project)
    assert told.returncode == 0, told.stderr
    docker = subprocess.run(
        ["docker", "build", "--progress=plain", "--no-cache", str(project)], capture_output=True, text=True, check=True
    )
    ours, theirs = (_output(text) for text in (told.stderr, docker.stderr))
    assert len(ours) > 180
    assert ours == theirs


@pytest.mark.parametrize("mount", ["", "--mount=type=tmpfs,target=/m"])
def test_no_call_is_refused_to_an_insecure_step(mount: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    look = "unshare true && grep -E '^(Seccomp|NoNew)' /proc/self/status"
    (tmp_path / "Dockerfile").write_text(f"FROM busybox\nRUN --security=insecure {mount} {look}\n")
    refused = dock2sh("emulate", "--progress=plain", tmp_path)
    assert refused.returncode == 1
    assert "security.insecure is not allowed" in refused.stderr
    told = dock2sh("emulate", "--progress=plain", "--allow=security.insecure", tmp_path)
    assert _output(told.stderr) == ["NoNewPrivs:\t0", "Seccomp:\t0", "Seccomp_filters:\t0"], told.stderr


def _output(progress: str) -> list[str]:
    """What steps have printed: lines `#7 0.123 text`."""
    lines = (line.split(" ", 2) for line in progress.splitlines() if line.startswith("#"))
    return [line[2] for line in lines if len(line) == 3 and line[1].replace(".", "", 1).isdigit()]
