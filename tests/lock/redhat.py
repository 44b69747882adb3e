"""Small rpms and a repository of them, by Debian's rpmbuild and createrepo_c."""

import subprocess
from pathlib import Path

_SPEC = """Name: {name}
Version: {version}
Release: 1
Summary: {name}
License: none
BuildArch: noarch
{more}
%description
{name}
%install
mkdir -p %{{buildroot}}/usr/share/{name}
echo {content} >%{{buildroot}}/usr/share/{name}/version
%files
/usr/share/{name}
"""


def package(folder: Path, name: str, version: str, needs: str = "", content: str = "") -> None:
    """NAME-VERSION-1.noarch.rpm, which has /usr/share/NAME/version."""
    folder.mkdir(parents=True, exist_ok=True)
    spec, top = folder / f"{name}.spec", folder / "build"
    text = _SPEC.format(name=name, version=version, content=content or version, more=f"Requires: {needs}" if needs else "")
    spec.write_text(text)
    command = ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}", "--define", f"_rpmdir {folder}", spec]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["rm", "-rf", spec, top], check=True)


def index(folder: Path) -> None:
    """What dnf reads of a repository."""
    subprocess.run(["createrepo_c", "-q", folder], check=True, capture_output=True)
