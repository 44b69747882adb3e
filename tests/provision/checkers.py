"""What the tools of a bundle's files say of them: systemd-analyze, shellcheck, cloud-init and ansible-lint.

    ./dev python tests/provision/checkers.py DOCKERFILE...      makes a bundle of each, and prints every complaint

A Dockerfile's context is its directory. It ends with a line of counts, and with status 1 if there was a complaint.
"""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dock2sh.provision import service_name

_TARGETS = ("sysinit", "basic", "shutdown", "multi-user", "network-online", "timers")


class Complaint(NamedTuple):
    """What a tool said of which file of a bundle."""

    tool: str
    file: str
    said: str


def complaints(folder: Path, name: str) -> list[Complaint]:
    """Of all files of the bundle in `folder`, whose service is called `name`."""
    return [*systemd(folder, name), *shellcheck(folder), *cloud_init(folder), *ansible_lint(folder)]


def systemd(folder: Path, name: str) -> Iterator[Complaint]:
    """Every unit, in a root of its own where what it starts is there; the service as it is for both ways."""
    if not (folder / "systemd").is_dir():
        return
    with tempfile.TemporaryDirectory(prefix="dock2sh-units-") as made:
        root = _machine_of_units(Path(made), folder, name)
        part = root / f"etc/systemd/system/{name}.service.d/tree.conf"
        for way in ("merge", "root"):
            if way == "root":
                part.parent.mkdir()
                shutil.copy2(folder / f"systemd/{name}.service.d/tree.conf", part)
            units = sorted(unit.name for unit in (root / "etc/systemd/system").iterdir() if unit.is_file())
            said = _said("systemd-analyze", "verify", "--man=no", f"--root={root}", *units).replace(str(root), "").splitlines()
            # it looks for the command in the machine, not in RootDirectory=
            told = [line for line in said if way == "merge" or "is not executable: No such file" not in line]
            if told and told != ["status 1"]:
                yield Complaint("systemd-analyze", f"{name}.service ({way})", "\n".join(told))


def _machine_of_units(root: Path, folder: Path, name: str) -> Path:
    for place in ("usr/local/bin", "etc/systemd/system", "usr/lib/systemd/system", f"etc/dock2sh/{name}"):
        (root / place).mkdir(parents=True)
    for program in (f"run-{name}", f"health-{name}"):
        if (folder / program).exists():
            shutil.copy2(folder / program, root / "usr/local/bin")
    shutil.copy2(folder / "env.sh", root / f"etc/dock2sh/{name}")
    for unit in (folder / "systemd").iterdir():
        if unit.is_file():
            shutil.copy2(unit, root / "etc/systemd/system")
    for target in _TARGETS:
        (root / f"usr/lib/systemd/system/{target}.target").write_text("[Unit]\nDescription=x\n")
    return root


def shellcheck(folder: Path) -> Iterator[Complaint]:
    """Every file that a shell reads, as far as one reads it: what stands behind setup.sh is no text."""
    texts = [path for path in folder.rglob("*") if path.suffix == ".sh" or path.name.startswith(("run-", "health-"))]
    for path in sorted(texts):
        if "ansible" in path.relative_to(folder).parts:
            continue
        text = path.read_bytes().partition(b'\nmain "$@"\nexit\n')[0]
        words = ["shellcheck", "-s", "sh", "-f", "gcc", "-"]
        if said := subprocess.run(words, input=text, capture_output=True, check=False).stdout.decode(errors="replace"):
            yield Complaint("shellcheck", str(path.relative_to(folder)), said)


def cloud_init(folder: Path) -> Iterator[Complaint]:
    """By cloud-init's own schema."""
    path = folder / "cloud-init.yaml"
    done = subprocess.run(["cloud-init", "schema", "--config-file", path], capture_output=True, text=True, check=False)
    if path.exists() and (done.returncode or "Valid" not in done.stdout):
        yield Complaint("cloud-init", path.name, done.stdout + done.stderr)


def ansible_lint(folder: Path) -> Iterator[Complaint]:
    """With the strictest of its profiles."""
    words = ["ansible-lint", "--offline", "--nocolor", "--profile", "production"]
    done = subprocess.run(words, cwd=folder / "ansible", capture_output=True, text=True, check=False)
    if done.returncode or done.stdout:
        yield Complaint("ansible-lint", "ansible", done.stdout + done.stderr)


def _said(*words: str | Path) -> str:
    """What it printed; its status, if that is all."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip() or (f"status {done.returncode}" if done.returncode else "")


def main(dockerfiles: list[str]) -> int:
    counts = Counter[str]()
    for dockerfile in map(Path, dockerfiles):
        with tempfile.TemporaryDirectory(prefix="dock2sh-bundle-") as made:
            name = service_name(dockerfile.parent.name)
            words = [sys.executable, "-m", "dock2sh", "provision", "--offline", "--name", name, "-o", made]
            done = subprocess.run([*words, "-f", dockerfile, dockerfile.parent], capture_output=True, text=True, check=False)
            counts["bundles" if done.returncode == 0 else "refused"] += 1
            found = complaints(Path(made), name) if done.returncode == 0 else [Complaint("dock2sh", "", done.stderr)]
        for one in found:
            counts[one.tool] += 1
            print(f"{dockerfile}: {one.tool}: {one.file}: {one.said}", flush=True)
    print(", ".join(f"{kind} {count}" for kind, count in counts.items()))
    return int(counts.keys() != {"bundles"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
