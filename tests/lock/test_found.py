"""What is found in a step's layer: packages of pip, npm and gem. A layer is a stranger's."""

import json
import os
from pathlib import Path

from dock2sh.lock.held import File, Gem, Npm, Pip
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
