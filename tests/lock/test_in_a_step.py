"""What a step sees of a lock, and what is compared when it has ended: the shell library on its own, in each shell, where it may
mount (`full`) and where it may not (`plain`)."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))
from workshop import SHELLS, Workshop

pytestmark = pytest.mark.root
PLAIN = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"]
APK = "P:musl\nV:1.2.5-r0\nA:x86_64\nC:Q1musl=\n\n"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=SHELLS)
def workshop(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    assert shutil.which(SHELLS[request.param][0])
    made = Workshop(request.param, tmp_path)
    made.busybox()
    return made


@pytest.fixture(params=["full", "plain"])
def run(request: pytest.FixtureRequest, workshop: Workshop) -> Run:
    """`run(COMMAND, LINE...)`: a step that a lock with these lines concerns."""
    if request.param == "plain":
        workshop.command = [*PLAIN, *workshop.command]

    def call(
        command: str, *lines: str, mode: str = "strict", records: str = "", text: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        held = "".join(f"{line}\n" for line in lines)
        data = f"lock_mode={mode} lock_records='{records}'\nlock_data() {{\n    cat <<'LOCK'\n{held}LOCK\n}}\n"
        data += f"lock_text() {{\n    cat <<'TEXT'\n{text}TEXT\n}}\n"
        body = "    from busybox\n    base_env PATH=/bin\n    step 1 'Dockerfile:2  RUN it'\n    locked\n"
        body += f"    run <<'RUN'\n{command}\nRUN\n"
        return workshop.run(f"id=t\ntotal=1\n{data}build() {{\n{body}}}\n")

    return call


def test_what_a_step_sees_and_what_stays(run: Run, workshop: Workshop) -> None:
    before = sorted(path.relative_to(workshop.root) for path in workshop.root.rglob("*"))
    done = run("echo $PATH; cat /dev/dock2sh/lock; ls -l /dev/dock2sh/step/bin/wget | sed 's/.* //'", "url http://h/x - 0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["/dev/dock2sh/step/bin:/bin", "url http://h/x - 0", "/dev/dock2sh/wget"]
    made = {Path(name) for name in ("dev", "proc", "sys", "etc/hosts", "etc/resolv.conf")}
    assert {path.relative_to(workshop.root) for path in workshop.root.rglob("*")} - set(before) <= made
    assert not workshop.state.exists()


def test_a_file_that_steers_npm_is_there_before_the_step(run: Run, workshop: Workshop) -> None:
    (workshop.root / "app").mkdir()
    assert run("cat /app/package-lock.json", "file 0 /app/package-lock.json", text="{}\n").stdout == "{}\n"
    (workshop.root / "app/package-lock.json").write_text("own\n")
    assert run("cat /app/package-lock.json", "file 0 /app/package-lock.json", text="{}\n").stdout == "own\n"
    assert run("ls /none", "file 0 /none/package-lock.json", text="{}\n").returncode == 1


def test_a_file_that_steers_npm_where_the_step_makes_the_directory(run: Run, workshop: Workshop) -> None:
    npm = workshop.root / "bin/npm"
    npm.write_text("#!/bin/sh\ncat package-lock.json\n")
    npm.chmod(0o755)
    make = "mkdir /app /other && cd /app"
    line = "file 0 /app/package-lock.json"
    assert run(f"{make} && npm install a", line, text="{}\n").stdout == "{}\n"
    assert run("cd /app && echo own >package-lock.json && npm ci", line, text="{}\n").stdout == "own\n"
    assert run("cd /other && npm ci", line, text="{}\n").returncode == 1


def test_what_npm_is_asked_for_by_name(run: Run, workshop: Workshop) -> None:
    """npm takes the newest of it, whatever is in package-lock.json. prefer asks once more, where that version is gone."""
    npm = workshop.root / "bin/npm"
    npm.write_text('#!/bin/sh\necho "$@"\ncase $* in *a@1*) exit 1; esac\n')
    npm.chmod(0o755)
    for name in ("app/node_modules/b", "app/node_modules/@s/c", "lib/node_modules/a/node_modules/b", "lib/node_modules/a"):
        (workshop.root / name).mkdir(parents=True, exist_ok=True)
        (workshop.root / name / "package.json").write_text('{"version": "1.0"}')
    lines = [f"npm /{path} 1.0" for path in ("lib/node_modules/a/node_modules/b", "app/node_modules/b", "app/node_modules/@s/c")]
    said = run("cd /app && npm install --x=b b @s/c @s/c@2 ./b d https://h/b", *lines).stdout
    assert said == "install --x=b b@1.0 @s/c@1.0 @s/c@2 ./b d https://h/b\n"
    assert run("npm i -g a; true", "npm /lib/node_modules/a 1.0").stdout == "i -g a@1.0\n"
    assert run("npm i -g a", "npm /lib/node_modules/a 1.0", mode="prefer").stdout == "i -g a@1.0\ni -g a\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("npm /app/node_modules/a 1.0.0", ""),
        ("npm /app/node_modules/a 1.0.1", "/app/node_modules/a is not version 1.0.1, which is locked"),
        ("npm /app/node_modules/b 1.0.0", "there is no /app/node_modules/b"),
        ("at /site/x-1.0.dist-info x 1.0", ""),
        ("at /site/x-2.0.dist-info x 2.0", "x 2.0 is locked, but there is no /site/x-2.0.dist-info"),
        ("apk curl x86_64 8.5.0-r0 Q1curl=", ""),
        ("apk curl x86_64 8.4.0-r0 Q1curl=", "the package curl is 8.5.0-r0, locked is 8.4.0-r0"),
        ("apk curl x86_64 8.5.0-r0 Q1other=", "the package curl has another checksum than locked"),
        ("apk wget x86_64 1.0 Q1wget=", "the package wget is not installed, but locked"),
        ("apk wget x86_64 1.0 Q1wget=", "the package curl 8.5.0-r0 came with the step, but is not locked; the package wget"),
        ("apk wget x86_64 1.0 Q1wget= gone", "the package curl 8.5.0-r0 came with the step, but is not locked"),
        ("apk curl x86_64 * -", ""),
        ("asks apk", "the package curl 8.5.0-r0 came with the step, but is not locked"),
        ("asks apt", ""),
    ],
)
def test_what_is_compared_when_it_has_ended(run: Run, workshop: Workshop, line: str, said: str) -> None:
    for name in ("app/node_modules/a", "site/x-1.0.dist-info", "lib/apk/db"):
        (workshop.root / name).mkdir(parents=True)
    (workshop.root / "app/node_modules/a/package.json").write_text('{\n  "name": "a",\n  "version": "1.0.0"\n}\n')
    (workshop.root / "lib/apk/db/installed").write_text(APK)
    command = "printf 'P:curl\\nV:8.5.0-r0\\nA:x86_64\\nC:Q1curl=\\n\\n' >>/lib/apk/db/installed"
    done = run(command, line)
    assert done.returncode == (1 if said else 0), done.stderr
    assert said in done.stderr
    if said:
        assert "dock2sh.lock is strict" in done.stderr
        (workshop.root / "lib/apk/db/installed").write_text(APK)
        preferred = run(command, line, mode="prefer")
        assert preferred.returncode == 0
        assert all(one in preferred.stderr for one in said.split("; "))


def test_the_base(run: Run, workshop: Workshop) -> None:
    (workshop.root / "lib/apk/db").mkdir(parents=True)
    (workshop.root / "lib/apk/db/installed").write_text(APK)
    right = hashlib.sha256(b"apk musl x86_64 1.2.5-r0 Q1musl=\n").hexdigest()
    assert run("echo began", f"base alpine:3 {right}").stdout == "began\n"
    done = run("echo began", f"base alpine:3 {'0' * 64}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the packages of alpine:3 here are not those that were locked" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "rm -f /dev/dock2sh/step/records; ln -s /etc/passwd /dev/dock2sh/step/records",
        "rm -f /dev/dock2sh/step/refused; mkdir /dev/dock2sh/step/refused",
        "rm -f /dev/dock2sh/step/pip.log; ln -s /etc/passwd /dev/dock2sh/step/pip.log",
    ],
)
def test_a_step_that_puts_something_else_there(run: Run, command: str, tmp_path: Path) -> None:
    done = run(command, "pip x 1.0 - -", records=str(tmp_path / "records"))
    assert done.returncode == 1
    assert "what it got cannot be told" in done.stderr
    assert not (tmp_path / "records").exists()


def test_what_is_noted(run: Run, workshop: Workshop, tmp_path: Path) -> None:
    (workshop.root / "lib/apk/db").mkdir(parents=True)
    (workshop.root / "lib/apk/db/installed").write_text(APK)
    log = "Found link http://h/demo-1.0-py3-none-any.whl#sha256=abcd (from x)\\n  Downloading demo-1.0-py3-none-any.whl (1 kB)\\n"
    command = f"printf 'P:curl\\nV:1\\nA:x86_64\\nC:Q1curl=\\n\\n' >>/lib/apk/db/installed; printf '{log}' >>$PIP_LOG"
    done = run(command, records=str(tmp_path / "records"))
    assert done.returncode == 0, done.stderr
    noted = {path.name: path.read_text() for path in (tmp_path / "records/1").iterdir()}
    assert noted["before"] == "apk musl x86_64 1.2.5-r0 Q1musl=\n"
    assert noted["after"] == "apk curl x86_64 1 Q1curl=\n" + noted["before"]
    assert noted["records"].splitlines()[0].startswith("base ")
    assert noted["records"].splitlines()[1:] == ["fetched demo-1.0-py3-none-any.whl abcd http://h/demo-1.0-py3-none-any.whl"]


def test_a_report_of_pip(run: Run, tmp_path: Path) -> None:
    """As pip 23 writes it: an index that answers in JSON has no digests in its links."""
    report = (
        '{\\n  "install": [\\n    {\\n      "download_info": {\\n        "url": "https://h/demo-1.0-py3-none-any.whl",\\n'
        '        "archive_info": {\\n          "hash": "sha256=abcd",\\n          "hashes": {\\n            "sha256": "abcd"\\n'
    )
    command = f"printf '{report}' >$PIP_REPORT; echo 'Downloading demo-1.0-py3-none-any.whl (1 kB)' >>$PIP_LOG"
    right = "pip demo 1.0 abcd demo-1.0-py3-none-any.whl"
    assert run(command, right).returncode == 0
    done = run(command, right.replace("abcd", "abce"))
    assert done.returncode == 1
    assert "demo-1.0-py3-none-any.whl is not the file that was locked (sha256 abcd, locked is abce)" in done.stderr
    assert (
        "pip took demo-1.0-py3-none-any.whl, which is not locked"
        in run(command, "pip demo 0.9 - demo-0.9-py3-none-any.whl").stderr
    )
