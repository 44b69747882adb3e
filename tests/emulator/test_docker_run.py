"""`dock2sh run` beside `docker run`: the same status and the same standard output for the same words."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from building import dock2sh

pytestmark = [pytest.mark.root, pytest.mark.docker]

ENVIRONMENT = '\ufeff# a comment\nFOO=bar baz \nTOLD\n \t\nQUOTED="x"\r\n \tSPACE=1\t\nUNTOLD\n\t# x\nBREAKS=a\x0cb\u2028c\n'
RIGHTS = ("busybox", "grep", "Cap", "/proc/self/status")
CONFINED = ("busybox", "grep", "Seccomp:\\|NoNew", "/proc/self/status")

ROWS = [
    ("busybox", "sh", "-c", "exit 42"),
    ("busybox", "nosuch"),
    ("busybox", "/etc"),
    ("busybox", "sh", "-c", "kill -9 $$"),
    ("-u", "nobody", "busybox", "id"),
    ("-u", "1234:55", "busybox", "id"),
    ("-u", "root:nogroup", "busybox", "id"),
    ("-u", ":5", "busybox", "id"),
    ("-u", "nosuch", "busybox", "id"),
    ("-u", "root:nosuch", "busybox", "id"),
    ("-w", "/new/deep", "busybox", "sh", "-c", "pwd; stat -c '%a %u' /new"),
    ("-u", "nobody", "-w", "/new", "busybox", "stat", "-c", "%u %g %a", "/new"),
    ("-w", "relative", "busybox", "pwd"),
    ("-w", "/etc/passwd", "busybox", "pwd"),
    ("-e", "TOLD", "-e", "NOT_TOLD", "-e", "A=1=2", "-e", "B=", "-h", "h", "busybox", "env"),
    ("-t", "-h", "h", "busybox", "env"),
    ("-e", "HOSTNAME", "-e", "TERM", "-t", "busybox", "env"),
    ("--env-file", "FILE", "-h", "h", "busybox", "env"),
    ("--env-file", "/nosuch", "busybox", "env"),
    ("--env-file", "BLANKS", "busybox", "env"),
    ("--net", "none", "busybox", "ls", "/sys/class/net"),
    ("-e", "=x", "busybox", "env"),
    ("--entrypoint", "echo", "busybox", "a", "b"),
    ("--entrypoint", "", "busybox"),
    ("--network", "none", "busybox", "ls", "/sys/class/net"),
    ("--read-only", "busybox", "touch", "/x"),
    ("busybox", "sh", "-c", "for f in hosts hostname resolv.conf; do echo x >>/etc/$f; tail -n 1 /etc/$f; rm /etc/$f; done"),
    ("--read-only", "busybox", "sh", "-c", "for f in hosts hostname resolv.conf; do echo x >>/etc/$f || echo no; done"),
    ("--read-only", "--tmpfs", "/t", "busybox", "touch", "/t/x"),
    ("--tmpfs", "/t:size=1m,exec,mode=700", "busybox", "sh", "-c", "stat -c %a /t; grep ' /t ' /proc/mounts | grep -c noexec"),
    ("--mount", "type=tmpfs,target=/q", "busybox", "ls", "-d", "/q"),
    ("--mount", "type=bind,source=/nosuch,target=/v", "busybox", "ls", "/v"),
    ("-v", "/v", "busybox", "stat", "-c", "%u %a %F", "/v"),
    ("-v", "/usr:relative", "busybox", "true"),
    ("--init", "busybox", "sh", "-c", "exit 3"),
    ("--init", "busybox", "sh", "-c", "kill -9 $$"),
    ("--add-host", "there:1.2.3.4", "busybox", "grep", "there", "/etc/hosts"),
    ("--add-host", "bad", "busybox", "true"),
    RIGHTS,
    CONFINED,
    ("--privileged", *CONFINED),
    ("--privileged", *RIGHTS),
    ("--cap-drop", "ALL", *RIGHTS),
    *(("--security-opt", word, *CONFINED) for word in ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=false")),
    *(("--security-opt", word, *CONFINED) for word in ("seccomp=unconfined", "seccomp:builtin", "label:disable", "apparmor=x")),
    *(("--security-opt", word, *CONFINED) for word in ("no-new-privileges=x", "seccomp=/nosuch", "bogus", "bogus=1")),
    ("--privileged", "--security-opt", "no-new-privileges", *CONFINED),
    ("-u", "nobody", "--security-opt", "no-new-privileges", "--cap-drop", "all", "--read-only", *CONFINED),
    ("--cap-drop", "NET_RAW", "--cap-add", "CAP_SYS_ADMIN", *RIGHTS),
    ("--cap-add", "ALL", "--cap-drop", "sys_time", *RIGHTS),
    ("--cap-add", "foo", "busybox", "true"),
    ("--name", "NAME", "-l", "a=b", "busybox", "true"),
    ("-it", "busybox", "true"),
    ("Bad", "true"),
    ("--nonsense", "busybox", "true"),
    (),
    ("-e",),
    ("busybox", "sh", "-c", "exit 2"),
    *(("PROGRAMS", f"/p/{name}") for name in ("plain", "garbage", "empty", "script", "loop", "plain/x", "hers", "")),
    ("-u", "nobody", "PROGRAMS", "/p/hers"),
    ("busybox", ""),
    ("nosuchimage:1", "true"),
    ("-v", "/etc/passwd:/etc", "busybox", "true"),
    ("-v", "/etc:/etc/passwd", "busybox", "true"),
    ("--tmpfs", "/etc/passwd", "busybox", "true"),
    ("-v", "/usr:/b:bogus", "busybox", "true"),
    ("-v", "nosuch/rel:/x", "busybox", "true"),
    ("-v", ":/x", "busybox", "true"),
    ("-v", "/usr:/x:", "busybox", "true"),
    ("-v", "/usr:/x:ro,rw", "busybox", "true"),
    ("-v", "/usr:/x:cached,ro,z", "busybox", "sh", "-c", "touch /x/new || echo no"),
    ("-v", "/usr:/x:nocopy", "busybox", "true"),
    ("-v", "/usr:/x", "-v", "/etc:/x/", "busybox", "true"),
    ("-v", "/usr:/x", "--tmpfs", "/x", "busybox", "true"),
    ("--mount", "type=tmpfs,dst=/x", "--mount", "dst=/x", "busybox", "true"),
    ("--mount", "dst=/x", "--tmpfs", "/x", "-v", "/x", "busybox", "grep", "-c", "^tmpfs /x ", "/proc/mounts"),
    ("-v", "/x", "-v", "/usr:/x:ro", "busybox", "sh", "-c", "touch /x/new || echo no"),
    ("-v", "/x/y", "-v", "/x", "-w", "/x/z/a", "busybox", "find", "/x"),
    (
        "--tmpfs",
        "/x",
        "-v",
        "/usr:/x/y/z:ro",
        "-v",
        "/etc/passwd:/x/p",
        "busybox",
        "sh",
        "-c",
        "ls -d /x/*; test -s /x/p; echo $?",
    ),
    ("--read-only", "PROGRAMS", "sh", "-c", "echo b >/q/b; ls /q; stat -c '%u %a' /q; grep -c ' /q ' /proc/mounts"),
    ("-v", "/q/r", "PROGRAMS", "ls", "-R", "/q"),
    ("--tmpfs", "/q", "--tmpfs", "/n", "--tmpfs", "/tmp:mode=700", "PROGRAMS", "stat", "-c", "%a", "/q", "/n", "/tmp"),
    ("--mount", "dst=/q,volume-nocopy", "PROGRAMS", "ls", "/q"),
    ("-h", "h", "-v", "/etc", "busybox", "sh", "-c", "ls /etc; cat /etc/hostname"),
    ("-v", "/etc/passwd:/etc/hosts:ro", "busybox", "grep", "-c", "^root:", "/etc/hosts"),
    ("-v", "/dev/null:/dev/other", "busybox", "sh", "-c", "echo x >/dev/other; wc -c /dev/other"),
    ("--tmpfs", "/", "busybox", "true"),
    ("--mount", "type=tmpfs,dst=x", "busybox", "true"),
    ("--mount", "type=tmpfs,src=x,dst=/x", "busybox", "true"),
    ("-v", "//x/", "busybox", "ls", "-d", "/x"),
    ("--mount", "type=bind,target=/x", "busybox", "true"),
    ("--mount", "type=foo,target=/x", "busybox", "true"),
    ("--network", "nosuch", "busybox", "true"),
    ("-e", "", "busybox", "true"),
    ("-u", "99999999999", "busybox", "true"),
    ("--platform", "linux/arm64", "busybox", "true"),
    ("--shm-size", "10m", "busybox", "grep", "-w", "/dev/shm", "/proc/mounts"),
    ("--shm-size", "x", "busybox", "true"),
    ("--tmpfs", "/dev/shm:size=1m", "busybox", "sh", "-c", "grep -c -w /dev/shm /proc/mounts; stat -c %a /dev/shm"),
    ("--ulimit", "nofile=512:1024", "--ulimit", "core=0", "busybox", "sh", "-c", "ulimit -n; ulimit -Hn; ulimit -Hc"),
    ("--ulimit", "nofile=1024", "--ulimit", "nofile=100:200", "busybox", "sh", "-c", "ulimit -n; ulimit -Hn"),
    ("--ulimit", "nofile=30:20", "busybox", "true"),
    ("--ulimit", "foo=1", "busybox", "true"),
    ("--group-add", "audio", "--group-add", "1234", "-u", "nobody", "busybox", "id"),
    ("--group-add", "nosuch", "busybox", "true"),
    ("--dns", "1.2.3.4", "--dns-search", "a.b", "--dns-option", "ndots:2", "busybox", "grep", "^[a-z]", "/etc/resolv.conf"),
    ("--dns", "x", "busybox", "true"),
    ("--pull", "never", "nosuchimage:1", "true"),
    ("--pull", "sometimes", "busybox", "true"),
    ("--pull=never", "-q", "busybox", "true"),
    ("--restart", "no", "--log-driver", "none", "--no-healthcheck", "--stop-signal", "KILL", "busybox", "true"),
    ("busybox", "echo", "-m", "--restart", "x", "--", "-d"),
    *(
        ("-v", f"{source}:{place}", "busybox", "true")
        for source in ("/usr", "/etc/passwd")
        for place in (
            "/proc /proc/ /x/../proc /proc/x /proc/1 /proc/1/x /proc/self /proc/sys /proc/acpi /proc/bus /proc/irq /proc/uptime "
            "/proc/version /proc/timer_list /proc/net/dev /proc/mounts /proc/sys/kernel/hostname /sys/x /sys/kernel "
            "/dev/x /dev/shm /dev/pts /dev/mqueue /dev/null /dev/tty /dev/fd /dev/stdout /etc/hosts /etc/resolv.conf /etc/mtab"
        ).split()
    ),
    ("-v", "/etc/passwd:/proc/uptime", "busybox", "grep", "-c", "^root:", "/proc/uptime"),
    ("-v", "/etc/passwd:/dev/stdin", "busybox", "grep", "-c", "^root:", "/dev/stdin"),
    ("-v", "/proc:/proc", "busybox", "ls", "/proc/acpi"),
    ("-v", "/proc:/host", "busybox", "ls", "-d", "/host/self"),
    ("-v", "/proc", "busybox", "true"),
    ("-v", "/dev", "busybox", "true"),
    ("-v", "/dev:/dev", "busybox", "stat", "-c", "%t:%T", "/dev/null"),
    ("-v", "/dev/null:/dev/zero", "busybox", "stat", "-c", "%t:%T", "/dev/zero"),
    ("-v", "/dev/zero:/dev/null", "busybox", "true"),
    *(
        ("--tmpfs", place, "busybox", "true")
        for place in ("/proc", "/proc/acpi", "/proc/uptime", "/dev", "/dev/null", "/etc/hosts")
    ),
    ("--tmpfs", "/dev:dev", "busybox", "ls", "/dev"),
    ("--tmpfs", "/sys", "busybox", "ls", "/sys"),
    ("--tmpfs", "/dev/pts", "busybox", "ls", "/dev"),
    ("--privileged", "-v", "/usr:/proc/acpi", "busybox", "true"),
    ("--privileged", "busybox", "find", "/dev", "(", "-type", "b", "-o", "-type", "c", ")"),
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with what cannot be started, for each its reason; `hers` is root's alone."""
    name = f"dock2sh-programs-{os.getpid()}"
    folder = tmp_path_factory.mktemp(name)
    files = (
        ("plain", "echo", 0o644),
        ("garbage", "garbage", 0o755),
        ("empty", "", 0o755),
        ("script", "#!/no/such\n", 0o755),
        ("hers", "#!/bin/sh\n", 0o700),
    )
    (folder / "p").mkdir()
    for file, text, mode in files:
        (folder / "p" / file).write_text(text)
        (folder / "p" / file).chmod(mode)
    (folder / "p/loop").symlink_to("loop")
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY p /p\nRUN mkdir -m 750 /q && echo a >/q/a\nVOLUME /q\n")
    subprocess.run(["docker", "build", "-q", "-t", name, str(folder)], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "rmi", name], check=True, capture_output=True)


@pytest.mark.parametrize("words", ROWS, ids=[" ".join(row) for row in ROWS])
def test_it_is_as_docker_runs_it(words: tuple[str, ...], programs: str, tmp_path: Path) -> None:
    (tmp_path / "environment").write_text(ENVIRONMENT, newline="")
    (tmp_path / "blanks").write_text("A B=1\n")
    files = {"FILE": str(tmp_path / "environment"), "BLANKS": str(tmp_path / "blanks")}
    given = {**files, "PROGRAMS": programs, "NAME": f"dock2sh-{os.getpid()}"}
    wanted = [given.get(word, word) for word in words]
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path.parent / "store"), "TOLD": "told"}
    docker = subprocess.run(["docker", "run", "--rm", *wanted], env=env, capture_output=True, text=True, check=False, timeout=120)
    ours = dock2sh("run", "--rm", *wanted, env=env)
    assert (ours.returncode, sorted(ours.stdout.splitlines())) == (docker.returncode, sorted(docker.stdout.splitlines())), (
        ours.stderr
    )


def test_a_named_volume_is_kept_and_begins_with_what_the_image_has(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    assert dock2sh("run", "-v", "kept:/etc", "busybox", "sh", "-c", "echo x >/etc/new", env=env).returncode == 0
    assert dock2sh("run", "-v", "kept:/v:ro", "busybox", "cat", "/v/new", env=env).stdout == "x\n"
    assert "root:" in dock2sh("run", "-v", "kept:/v", "busybox", "cat", "/v/passwd", env=env).stdout


@pytest.mark.parametrize(
    "words", [("-p", "80:80"), ("-d",), ("-m", "1g"), ("--cpus", "1"), ("--restart=always",), ("--pid", "host")]
)
def test_what_cannot_be_is_refused_with_a_reason(words: tuple[str, ...]) -> None:
    done = dock2sh("run", *words, "busybox", "true")
    assert done.returncode == 125
    assert "dock2sh: " in done.stderr
