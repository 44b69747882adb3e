"""Locked, and built a week later: the same tree where the lock says so, another one without it, a clear word where it cannot."""

import hashlib
import os
import stat
from pathlib import Path

import pytest
from weeks import Place

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]

# what apt writes with the time in it, and its cache of the lists
_NOISE = ("/var/log/", "/var/cache/ldconfig/", "/var/cache/apt/", "/var/lib/apt/lists/")


def tree(root: Path) -> dict[str, str]:
    """Every path with its mode, owner and content (or link), but for logs and caches with the time in them."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            about = os.lstat(path)
            content = os.readlink(path) if stat.S_ISLNK(about.st_mode) else ""
            if stat.S_ISREG(about.st_mode):
                content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            inside = path[len(str(root)) :]
            if not inside.startswith(_NOISE):
                found[inside] = f"{about.st_mode:o} {about.st_uid}:{about.st_gid} {content}"
    return found


def apt(place: Place, *packages: str) -> list[str]:
    source = f"deb [trusted=yes] {place.world.url}/debian stable main"
    install = f"apt-get update && apt-get install -y {' '.join(packages)} && rm -rf /var/lib/apt/lists/*"
    return [f"RUN echo '{source}' >/etc/apt/sources.list", f"RUN {install}"]


def test_packages_of_apt(place: Place, plain: str) -> None:
    place.write(f"FROM {plain}", *apt(place, "demo", "steady"))
    place.locks()
    first = tree(place.builds("off", "first"))
    place.world.turn(2)
    second, without = tree(place.builds("strict", "second")), tree(place.builds("off", "without"))
    assert second == first
    assert {f"/usr/share/{name}/version" for name in ("demo", "libdemo")} <= {
        path for path in first if first[path] != without[path]
    }
    assert not [path for path in second if "dock2sh" in path]


def test_a_version_that_is_gone(place: Place, plain: str) -> None:
    place.write(f"FROM {plain}", *apt(place, "demo"))
    place.locks()
    place.world.turn(2)
    said = place.fails("strict", "--snapshot", "off")
    assert "apt takes demo 1.2; locked is 1.1, which its archives do not have any more" in said
    assert "dock2sh.lock is strict" in said
    assert "Dockerfile:3" in said


def test_preferred_where_it_can_be_had(place: Place, plain: str) -> None:
    place.write(f"FROM {plain}", *apt(place, "demo"))
    place.locks()
    place.world.turn(2)
    root = place.builds("prefer", "newer", "--snapshot", "off")
    assert (root / "usr/share/demo/version").read_text() == "1.2\n"
    assert "warning: apt takes demo 1.2; locked is 1.1" in place.said
    assert (place.builds("prefer", "locked") / "usr/share/demo/version").read_text() == "1.1\n"


def test_a_package_of_the_same_version_with_other_content(place: Place, plain: str) -> None:
    place.write(f"FROM {plain}", *apt(place, "steady"))
    place.locks()
    place.lock.write_text(place.lock.read_text().replace('sha256 = "', 'sha256 = "0123456789').replace('"0123456789', '"', 0))
    text = place.lock.read_text()
    place.lock.write_text("".join(line if "0123456789" not in line else _cut(line) for line in text.splitlines(True)))
    said = place.fails("strict")
    assert "steady 1.0 is not the file that was locked (sha256 " in said


def _cut(line: str) -> str:
    """The digest with ten wrong digits at its beginning, as long as before."""
    before, after = line.split('sha256 = "0123456789')
    return f'{before}sha256 = "0123456789{after[10:]}'


def test_two_steps_and_an_upgrade(place: Place, plain: str) -> None:
    """Lists of one step serve the next one, and `upgrade` finds nothing to do in the second week."""
    source = f"deb [trusted=yes] {place.world.url}/debian stable main"
    place.write(
        f"FROM {plain}",
        f"RUN echo '{source}' >/etc/apt/sources.list && apt-get update",
        "RUN apt-get install -y demo",
        "RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists/*",
    )
    place.locks()
    place.world.turn(2)
    root = place.builds("strict", "second")
    assert (root / "usr/share/libdemo/version").read_text() == "1.1\n"


def test_an_upgrade_of_what_the_base_has(place: Place, plain: str) -> None:
    """In the first week there was nothing to do. In the second the snapshot's versions count; without one apt is stopped."""
    base, source = place.folder.parent / "base", f"deb [trusted=yes] {place.world.url}/debian stable main"
    place.write(f"FROM {plain}", *apt(place, "libdemo"))
    place.builds("off", "base")
    place.write(
        "FROM demo:1",
        f"RUN echo '{source}' >/etc/apt/sources.list && apt-get update",
        "RUN apt-get upgrade -y",
    )
    given = ("--base", f"demo:1={base}/rootfs")
    place.locks(*given)
    assert " deb" not in place.lock.read_text()
    place.world.turn(2)
    assert (place.builds("strict", "second", *given) / "usr/share/libdemo/version").read_text() == "1.1\n"
    assert "apt takes libdemo 1.2, which is not locked" in place.fails("strict", "--snapshot", "off", *given)
    assert (place.builds("off", "third", *given) / "usr/share/libdemo/version").read_text() == "1.2\n"


def test_only_one_name_moves(place: Place, plain: str) -> None:
    adds = [f"ADD {place.world.url}/{name} /" for name in ("archive.tar", "steady.txt")]
    place.write(f"FROM {plain}", *apt(place, "demo", "steady"), *adds)
    place.locks()
    before = place.lock.read_text()
    place.world.turn(2)
    done = place.call("lock", "--diff")
    assert done.returncode == 1
    assert "~ deb demo:all 1.1" in done.stdout
    assert f"~ url {place.world.url}/archive.tar" in done.stdout
    assert "steady" not in done.stdout
    assert place.lock.read_text() == before
    failed = place.call("lock", "--update", "demo", "--update", "libdemo")
    assert failed.returncode == 1  # the archive is another one too, and may not move
    assert "archive.tar is not what was locked" in failed.stderr
    place.locks("--update", "demo", "--update", "libdemo", "--update", f"{place.world.url}/archive.tar")
    assert 'name = "demo", version = "1.2"' in place.lock.read_text()
    assert place.call("lock", "--diff").returncode == 0


def test_add(place: Place, plain: str) -> None:
    place.write(f"FROM {plain}", f"ADD {place.world.git}/tool /tool", f"ADD {place.world.url}/steady.txt /")
    place.locks()
    place.world.turn(2)
    assert (place.builds("strict", "second") / "tool/version").read_text() == "1.1\n"
    assert (place.builds("prefer", "third") / "tool/version").read_text() == "1.2\n"
    assert "is not what was locked" in place.said
    assert (place.builds("off", "fourth") / "tool/version").read_text() == "1.2\n"
    place.write(f"FROM {plain}", f"ADD {place.world.url}/tool.sh /")
    place.locks()
    place.world.turn(3)
    assert f"{place.world.url}/tool.sh is not what was locked (sha256:" in place.fails("strict")


def test_named_contexts_that_are_repositories(place: Place, plain: str) -> None:
    """Copied from, and begun with; by a reference that moves, and one that names a commit itself."""
    place.write("FROM lib AS begun", f"FROM {plain}", "COPY --from=lib version /a", "COPY --from=begun version /b")
    given = ("--build-context", f"lib={place.world.git}/tool#main")
    place.locks(*given)
    text = place.lock.read_text()
    assert f'[[context]]\nname = "lib"\nurl = "{place.world.git}/tool"\nref = "main"\ncommit = "' in text
    place.world.turn(2)
    second = place.builds("strict", "second", *given)
    assert [(second / name).read_text() for name in "ab"] == ["1.1\n", "1.1\n"]
    assert (place.builds("prefer", "third", *given) / "a").read_text() == "1.2\n"
    assert f"the context lib ({place.world.git}/tool) is not what was locked" in place.said
    assert (place.builds("off", "fourth", *given) / "b").read_text() == "1.2\n"
    assert f"~ context lib {place.world.git}/tool main" in place.call("lock", "--diff", *given).stdout

    other = ("--build-context", f"lib={place.world.git}/tool")
    assert "dock2sh.lock does not know the context lib (" in place.fails("strict", *other)
    place.builds("prefer", "fifth", *other)
    assert "What it has is not fixed" in place.said
    place.locks("--update", f"{place.world.git}/tool", *given)
    assert place.lock.read_text() != text
    assert (place.builds("strict", "sixth", *given) / "a").read_text() == "1.2\n"


def test_downloads_inside_of_a_run(place: Place, tools: str) -> None:
    url, git = place.world.url, place.world.git
    place.write(
        f"FROM {tools}",
        f"RUN curl -fsSL {url}/steady.txt -o /a && curl -fsSL {url}/steady.txt | cat >/b && cd / && curl -sO {url}/steady.txt",
        f"RUN wget -qO- {url}/steady.txt >/c && wget -q -P /d {url}/steady.txt && echo $(command -v wget) >/which",
        f"RUN git clone -q --depth 1 {git}/tool /tool && git clone -q {git}/tool /full",
        f"RUN curl -s {url}/steady.txt {url}/tool.sh >/two",
    )
    said = place.locks()
    assert "curl -s" in said
    assert "not a plain download of one URL" in said
    first = place.builds("off", "first")
    place.world.turn(2)
    second = place.builds("strict", "second")
    for name in ("a", "b", "c", "d/steady.txt", "steady.txt", "tool/version", "full/version"):
        assert (second / name).read_bytes() == (first / name).read_bytes(), name
    assert (place.builds("off", "third") / "tool/version").read_text() == "1.2\n"


@pytest.mark.parametrize(
    "command", ["curl -fsS {}/tool.sh | sh", "wget -qO /t {}/tool.sh; sh /t", "curl -so /t {}/tool.sh && sh /t; true"]
)
def test_a_download_that_has_changed(place: Place, tools: str, command: str) -> None:
    place.write(f"FROM {tools}", f"RUN {command.format(place.world.url)} && echo done >/done")
    place.locks()
    place.world.turn(2)
    said = place.fails("strict")
    assert "/tool.sh has other content than was locked (sha256 " in said
    assert "tool 1.2" not in said  # it was not started
    place.builds("prefer", "preferred")
    assert "has other content than was locked" in place.said


def test_pip(place: Place, tools: str) -> None:
    pip = f"pip install --break-system-packages --no-cache-dir --index-url {place.world.url}/simple"
    place.write(f"FROM {tools}", f"RUN {pip} demo")
    place.locks()
    assert "demo-1.1-py3-none-any.whl" in place.lock.read_text()
    place.world.turn(2)
    said = place.fails("strict")
    assert "pip cannot have demo==1.1, which is locked: is it gone from the index?" in said
    for name in ("demo", "demolib"):  # an index that still has the old ones, as they mostly do
        _both(place, name)
    root = place.builds("strict", "second")
    assert "version = '1.1'" in next(root.glob("usr/local/lib/python3*/dist-packages/demolib.py")).read_text()


def _both(place: Place, name: str) -> None:
    from mirror import _wheel

    page = place.world.www / f"simple/{name}"
    newer = (page / "index.html").read_text()
    files = {file: file.read_bytes() for file in page.glob("*.whl")}
    for file in page.iterdir():
        file.unlink()
    page.rmdir()
    _wheel(place.world.www, name, "1.1", ("demolib",) if name == "demo" else ())
    for file, data in files.items():
        file.write_bytes(data)
    older = (page / "index.html").read_text()
    (page / "index.html").write_text(older.replace("</body>", newer.partition("<body>")[2].partition("</body>")[0] + "</body>"))


def test_files_that_were_kept(place: Place, tools: str, tmp_path: Path) -> None:
    """Built again when nobody answers any more, from a directory alone."""
    pip = f"pip install --break-system-packages --no-cache-dir --index-url {place.world.url}/simple"
    place.write(
        f"FROM {tools}",
        *apt(place, "demo", "steady"),
        f"RUN {pip} demo && curl -fsS {place.world.url}/tool.sh | sh >/said",
        f"ADD {place.world.url}/archive.tar /kept/",
    )
    place.locks("--vendor", tmp_path / "kept")
    first = place.builds("strict", "first")
    place.world.close()
    failed = place.fails("strict", "--snapshot", "off")
    assert "Unable to locate package demo" in failed
    second = place.builds("strict", "second", "--snapshot", "off", "--vendor", tmp_path / "kept")
    assert (second / "said").read_text() == "tool 1.1\n"
    assert (second / "kept/archive.tar").read_bytes() == (first / "kept/archive.tar").read_bytes()
    assert (second / "kept/archive.tar").stat().st_mtime == int((first / "kept/archive.tar").stat().st_mtime)
    ours, theirs = tree(second), tree(first)
    ours = {path: about for path, about in ours.items() if "__pycache__" not in path}
    assert ours == {path: about for path, about in theirs.items() if "__pycache__" not in path}
    for file in (tmp_path / "kept/debs").glob("*.deb"):
        file.write_bytes(file.read_bytes() + b"\n")
    assert "Dockerfile:3: error" in place.fails("strict", "--snapshot", "off", "--vendor", tmp_path / "kept")


def test_a_package_that_goes_again_in_the_same_step(place: Place, plain: str) -> None:
    """Tools for a build: they are asked for as they were locked, and need not be there when it has ended."""
    source = f"deb [trusted=yes] {place.world.url}/debian stable main"
    install = "apt-get update && apt-get install -y demo steady && cp /usr/share/demo/version /built"
    purge = "apt-get purge -y --auto-remove demo && rm -rf /var/lib/apt/lists/*"
    place.write(f"FROM {plain}", f"RUN echo '{source}' >/etc/apt/sources.list", f"RUN {install} && {purge}")
    place.locks()
    place.world.turn(2)
    root = place.builds("strict", "second")
    assert (root / "built").read_text() == "1.1\n"
    assert not (root / "usr/share/demo").exists()
