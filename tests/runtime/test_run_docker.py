"""The same RUNs in a real `docker build` and in the script: what each command found must be the same text."""

import difflib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from workshop import Workshop

pytestmark = [pytest.mark.docker, pytest.mark.root]

SEE = (
    "{ id; env | grep -v ^SHLVL= | sort; pwd; umask; stat -c '%a %u:%g' .; test -p /dev/stdin && echo pipe; cat; "
    "grep -E '^(Cap|Groups|NoNew|SigIgn|SigBlk)' /proc/self/status; } >/tmp/NAME 2>&1"
)
PLACES = (
    "{ hostname; cat /etc/hosts; ls -l /dev | sed 's/ [A-Z][a-z][a-z] .*:[0-9][0-9] / /' | grep -v ^total; echo $$; "
    "touch /sys/x /proc/sys/x; "
    "cut -d' ' -f5,6 /proc/self/mountinfo | grep -E '^/(proc|dev|sys)[/a-z_]* ' | grep -v cgroup | sort; "
    "cut -d' ' -f 6-8 /proc/self/stat; } >/tmp/NAME 2>&1"
)
# (what changes before, in a Dockerfile and in a script's words)
STATES = [
    ("", ""),
    ("ENV A='x y' PATH=/bin:/usr/bin B=$A", "env A='x y' PATH=/bin:/usr/bin B="),
    ("ENV HOME=", "env HOME="),
    ("USER www-data", "user www-data"),
    ("USER www-data:staff", "user www-data:staff"),
    ("USER 33", "user 33"),
    ("USER 4242", "user 4242"),
    ("USER 4242:4243", "user 4242:4243"),
    ("WORKDIR /made/by", "workdir /made/by"),
    ("USER 0", "user 0"),
]


def dockerfile(image: str, see: list[str]) -> str:
    lines = [f"FROM {image}"]
    for number, (state, _) in enumerate(STATES):
        lines += [line for line in [state, *(f"RUN {it.replace('NAME', f'{number}.{n}')}" for n, it in enumerate(see))] if line]
    return "\n".join(lines) + "\n"


def top(image: str, see: list[str]) -> str:
    lines, step = [f"    from {image}", "    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], 0
    for number, (_, words) in enumerate(STATES):
        step += 1
        lines += [f"    step {step} x", *([f"    {words}"] if words else [])]
        for n, it in enumerate(see):
            step += 1
            lines += [f"    step {step} x", "    run_text <<'RUN'", it.replace("NAME", f"{number}.{n}"), "RUN"]
    return f"id=same total={step}\nbuild() {{\n" + "\n".join(lines) + "\n}\n"


def answers(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            Path(member.name).name: tar.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in tar.getmembers()
            if member.isfile()
        }


def of_docker(image: str, see: list[str], home: Path) -> dict[str, str]:
    folder = home / f"same-{home.name}"
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile(image, see))
    build = ["docker", "build", "--no-cache", "-q", folder]
    built = subprocess.run(build, capture_output=True, text=True, check=True).stdout.strip()
    try:
        read = ["docker", "run", "--rm", built, "tar", "-cf", "-", "-C", "/", "tmp"]
        return answers(subprocess.run(read, capture_output=True, check=True).stdout)
    finally:
        subprocess.run(["docker", "rmi", "-f", built], capture_output=True, check=False)


def in_container(image: str, options: list[str], script: Path) -> dict[str, str]:
    words = "cat >/setup.sh && sh /setup.sh >&2 </dev/null && tar -cf - -C / tmp"
    words += "; ls -d /var/lib/dock2sh* /.dock2sh /run/mount >&2"
    run = ["docker", "run", "--rm", "-i", *options, image, "sh", "-c", words]
    done = subprocess.run(run, input=script.read_bytes(), capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    for left in ("/var/lib/dock2sh\n", "/.dock2sh\n", "/run/mount\n"):
        assert left not in done.stderr.decode()
    return answers(done.stdout)


def without(names: tuple[str, ...], found: dict[str, str]) -> dict[str, str]:
    kept = {key: [line for line in text.split("\n") if not line.startswith(names)] for key, text in found.items()}
    return {key: "\n".join(line.partition(" groups=")[0] for line in lines) for key, lines in kept.items()}


def differences(ours: dict[str, str], theirs: dict[str, str]) -> str:
    """What a person can read: the lines that are not the same, each with what was asked."""
    assert ours.keys() == theirs.keys()
    found = []
    for key in sorted(ours):
        for line in difflib.unified_diff(theirs[key].split("\n"), ours[key].split("\n"), "docker", "script", n=0, lineterm=""):
            found.append(f"{STATES[int(key.split('.')[0])][0]!r:30} {key} {line}")
    return "\n".join(found)


@pytest.mark.parametrize("image", ["busybox", "debian:12"])
def test_from_outside(workshop: Workshop, image: str) -> None:
    see = [SEE, PLACES]
    result = workshop.run(top(image, see))
    assert result.returncode == 0, result.stderr
    ours = {path.name: path.read_text() for path in (workshop.root / "tmp").iterdir()}
    assert not differences(ours, of_docker(image, see, workshop.home))


@pytest.mark.parametrize("options", [[], ["--privileged"]], ids=["ordinary", "privileged"])
@pytest.mark.parametrize("image", ["busybox", "debian:12"])
def test_in_a_container(tmp_path: Path, image: str, options: list[str]) -> None:
    full = bool(options)
    see = [SEE, PLACES] if full else [SEE]
    workshop = Workshop("dash", tmp_path)
    ours = in_container(image, options, workshop.write(top(image, see)))
    theirs = of_docker(image, see, tmp_path)
    if image == "busybox":  # it can neither take capabilities nor give a group alone to a number without an account
        ours, theirs = (without(("Groups", "Cap"), found) for found in (ours, theirs))
    assert not differences(ours, theirs)


@pytest.mark.parametrize(("name", "options", "status"), [
    ("hosts", ["--privileged"], 0), ("hostname", ["--privileged"], 0), ("resolv.conf", ["--privileged"], 3), ("hosts", [], 3),
])  # fmt: skip
def test_a_file_that_the_engine_has_mounted_is_not_the_images(name: str, options: list[str], status: int, tmp_path: Path) -> None:
    """Where it can be taken away the image's own is put; steps have docker's all the same. Else it is said."""
    words = f"""id=covered total=2
build() {{
    from busybox
    base_env PATH=/bin
    step 1 x
    file END /etc/{name} <<'END'
1.2.3.4 own
END
    step 2 y
    run_exec sh -c 'cat /etc/hosts >/seen'
}}
"""
    script = Workshop("dash", tmp_path).write(words)
    shown = f"cat >/setup.sh; sh /setup.sh </dev/null; echo $? $(cat /etc/{name} | tail -n 1) $(grep -c own /seen)"
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", *options, "busybox", "sh", "-c", shown],
        input=script.read_bytes(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    if status == 0:
        assert done.stdout == b"0 1.2.3.4 own 0\n", done.stderr.decode()
    else:
        assert done.stdout.startswith(b"3 "), done.stderr.decode()
        assert f"missing: the image's own /etc/{name}: a file is mounted there" in done.stderr.decode()


def test_what_ordinary_containers_leave_to_chance_is_ended(tmp_path: Path) -> None:
    """A daemon that a step left behind is gone at the next step, one that was there before is not."""
    words = """id=left total=2
build() {
    from busybox
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'sleep 61 & setsid sleep 62 & (setsid setsid sleep 63 &) & sleep 0.2'
    step 2 y
    run_exec sh -c 'ps | grep -c "[s]leep 6[123]"; ps | grep -c "[s]leep 64"; true'
}
"""
    script = Workshop("dash", tmp_path).write(words)
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", "busybox", "sh", "-c", "cat >/setup.sh; sleep 64 & sh /setup.sh </dev/null"],
        input=script.read_bytes(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.stdout == b"0\n1\n", done.stderr.decode()
