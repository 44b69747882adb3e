"""What is found in a step's layer: packages of pip, npm, gem and rpm. A layer is a stranger's."""

import json
import os
import sqlite3
import struct
from pathlib import Path

import pytest

from dock2sh.lock.held import File, Gem, Npm, Pip, Rpm
from dock2sh.lock.layers import found


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def distribution(root: Path, place: str, name: str, version: str, installer: str = "pip\n") -> None:
    info = f"{place}/{name}-{version}.dist-info"
    write(root, f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: other\n")
    write(root, f"{info}/INSTALLER", installer)


def test_distributions_of_python(tmp_path: Path) -> None:
    site = "usr/local/lib/python3.11/site-packages"
    distribution(tmp_path, site, "My_Pkg", "1.0")
    distribution(tmp_path, site, "owned", "1.0")
    distribution(tmp_path, site, "by_rpm", "1.0", "rpm\n")
    distribution(tmp_path, f"{site}/setuptools/_vendor", "inner", "1.0")
    distribution(tmp_path, site, "strange", "1.0; rm -rf")
    write(tmp_path, "var/lib/dpkg/info/python3-owned.list", f"/.\n/{site}\n/{site}/owned-1.0.dist-info\n")
    assert found(str(tmp_path), ()).things == (Pip("my-pkg", "1.0", path=f"/{site}/My_Pkg-1.0.dist-info"),)


def test_packages_of_npm(tmp_path: Path) -> None:
    for name, place in (
        ("a", "app/node_modules/a"),
        ("@s/b", "app/node_modules/@s/b"),
        ("c", "app/node_modules/a/node_modules/c"),
    ):
        write(tmp_path, f"{place}/package.json", json.dumps({"name": name, "version": "1.2.3"}))
        write(tmp_path, f"{place}/test/package.json", json.dumps({"name": "not a package", "version": "0"}))
    write(tmp_path, "usr/lib/node_modules/g/package.json", '{"name": "g", "version": "2.0.0"}')
    write(tmp_path, "app/node_modules/bad/package.json", "[" * 100_000)
    listed = {
        "node_modules/a": {"integrity": "sha512-AA=="},
        "node_modules/a/node_modules/c": {"integrity": 3},
        "node_modules/@s/b": 1,
    }
    write(tmp_path, "app/node_modules/.package-lock.json", json.dumps({"packages": listed}))
    write(tmp_path, "app/package-lock.json", '{"lockfileVersion": 3}\n')
    got = found(str(tmp_path), ())
    assert set(got.things) == {
        Npm("a", "1.2.3", "/app/node_modules/a", "sha512-AA=="),
        Npm("@s/b", "1.2.3", "/app/node_modules/@s/b"),
        Npm("c", "1.2.3", "/app/node_modules/a/node_modules/c"),
        Npm("g", "2.0.0", "/usr/lib/node_modules/g"),
    }
    assert got.files == (File("/app/package-lock.json", '{"lockfileVersion": 3}\n'),)
    lower = tmp_path.with_name("lower")
    write(lower, "app/package-lock.json", "{}")
    assert found(str(tmp_path), [str(lower)]).files == ()  # it was there before: it steers npm by itself


def test_gems(tmp_path: Path) -> None:
    place = "usr/local/bundle/specifications"
    for name in ("rake-13.2.1", "nokogiri-1.16.5-x86_64-linux", "aws-sdk-s3-1.2"):
        write(tmp_path, f"{place}/{name}.gemspec", "")
    names = {(gem.name, gem.version) for gem in found(str(tmp_path), ()).things if isinstance(gem, Gem)}
    assert names == {("rake", "13.2.1"), ("nokogiri", "1.16.5"), ("aws-sdk-s3", "1.2")}


def test_nothing_is_followed(tmp_path: Path) -> None:
    layer, secret = tmp_path / "layer", tmp_path / "secret"
    write(tmp_path, "secret", '{"lockfileVersion": 3}')
    (layer / "app").mkdir(parents=True)
    os.symlink(secret, layer / "app/package-lock.json")
    os.symlink(tmp_path, layer / "link")
    os.mkfifo(layer / "package-lock.json")
    assert found(str(layer), ()) == ((), (), ())


def header(name: str, version: str, epoch: int | None = None, arch: str = "x86_64") -> bytes:
    """A header as rpm stores it: strings, and the epoch as a number."""
    store, index = b"", []
    if epoch is not None:
        index.append((1003, 4, 0, 1))
        store = struct.pack("!I", epoch)
    for tag, text in ((1000, name), (1001, version), (1002, "3.fc40"), (1022, arch), (273, "ab" * 32)):
        index.append((tag, 6, len(store), 1))
        store += text.encode() + b"\0"
    return struct.pack("!II", len(index), len(store)) + b"".join(struct.pack("!IIII", *entry) for entry in index) + store


def database(folder: Path, *headers: bytes) -> None:
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "rpmdb.sqlite") as connection:
        connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(header,) for header in headers])
    connection.close()


@pytest.mark.parametrize("place", ["var/lib/rpm", "usr/lib/sysimage/rpm", "root/.rpmdb"])
def test_rpms_are_the_difference_to_the_layers_below(tmp_path: Path, place: str) -> None:
    database(tmp_path / "lower" / place, header("bash", "5.2"))
    database(
        tmp_path / "layer" / place, header("bash", "5.2"), header("curl", "8.6.0", 2), b"", b"\xff" * 40, struct.pack("!II", 1, 1)
    )
    got = found(str(tmp_path / "layer"), [str(tmp_path / "lower")])
    assert got.things == (Rpm("curl", "2:8.6.0-3.fc40", "x86_64", "ab" * 32),)


def test_a_link_to_the_machines_own_database(tmp_path: Path) -> None:
    database(tmp_path / "machine/rpm", header("bash", "5.2"))
    (tmp_path / "layer/var/lib").mkdir(parents=True)
    (tmp_path / "layer/var/lib/rpm").symlink_to(tmp_path / "machine/rpm")
    assert found(str(tmp_path / "layer"), ()).things == ()


def test_a_damaged_database(tmp_path: Path) -> None:
    write(tmp_path, "var/lib/rpm/rpmdb.sqlite", "no database")
    assert found(str(tmp_path), ()).things == ()


def test_a_database_of_another_form_is_said(tmp_path: Path) -> None:
    write(tmp_path, "var/lib/rpm/Packages", "Berkeley")
    assert [one.what for one in found(str(tmp_path), ()).open] == ["rpm packages"]
