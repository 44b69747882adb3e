"""What an image's name says, and what users configure: releases, gone packages, labels, registries, pyproject."""

import re
import subprocess
from pathlib import Path

import pytest
from finding import codes

import dock2sh
from dock2sh.bases import assumed
from dock2sh.checks import check
from dock2sh.findings import Settings
from dock2sh.findings.gone import table
from dock2sh.findings.releases import debian
from dock2sh.findings.settings import configured
from dock2sh.findings.silence import spoken
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused

ON_DEBIAN = {
    "debian:12": 12, "debian:bookworm-slim": 12, "debian:13.1-slim": 13, "debian": 13, "debian:10": 0, "debian:sid": 0,
    "python:3.12-slim-bookworm": 12, "node:20-bullseye": 11, "python:3.12": 0, "node:20-alpine": 0, "me/debian:12": 0,
    "ubuntu:22.04": 0, "debian:experimental": 0, "docker.io/library/debian:trixie-20260101": 13,
}  # fmt: skip


@pytest.mark.parametrize("image", ON_DEBIAN)
def test_which_debian_an_image_is(image: str) -> None:
    assert debian(image) == ON_DEBIAN[image]


@pytest.mark.parametrize(
    "lines",
    [
        "RUN apt-get update && (apt-get install -y python2 || apt-get install -y python3)",
        "RUN if [ -f /x ]; then apt-get install -y python2; fi",
        "RUN echo deb http://x/ y main >> /etc/apt/sources.list\nRUN apt-get install -y python2",
        "COPY my.list /etc/apt/sources.list.d/\nRUN apt-get install -y python2",
        "RUN curl -fsSL https://deb.nodesource.com/setup_20.x | bash - && apt-get install -y python2",
        "RUN apt-get install -y -t bullseye python2",
        "RUN apt-get install -y $PYTHON",
    ],
)
def test_a_package_that_may_come_from_elsewhere(lines: str) -> None:
    assert not [code for code in codes(f"FROM debian:12\n{lines}\n") if code.startswith("D2S116")]


def test_the_table_of_packages_that_are_gone() -> None:
    assert len(table()) > 200
    assert {row.since for row in table().values()} == {11, 12, 13}
    assert not [name for name, row in table().items() if name in row.instead.split(", ")]


@pytest.mark.docker
@pytest.mark.slow
def test_apt_says_so_too(tmp_path: Path) -> None:
    """A real Debian 12 has none of them, and has what we name instead."""
    home = tmp_path / "gone"
    home.mkdir()
    rows = {name: row for name, row in table().items() if row.since <= 12}
    instead = sorted({name for row in rows.values() for name in row.instead.split(", ") if name and ":" not in name})
    words = f"apt-get update -q && apt-cache policy {' '.join(rows)} && echo INSTEAD && apt-cache policy {' '.join(instead)}"
    (home / "Dockerfile").write_text(f"FROM debian:12\nRUN {words}\n")
    command = ["docker", "build", "--no-cache", "--progress=plain", home]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    before, mark, after = done.stderr.rpartition(" INSTEAD\n")
    assert mark, done.stderr[-2000:]
    assert not re.findall(r"Candidate: (?!\(none\)).*", before)
    assert len(re.findall(r"Candidate: (?!\(none\)).*", after)) == len(instead)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("url", "https://x.example/a", "x.example"),
        ("rfc3339", "2026-01-31T12:00:00.5+09:00", "2026-01-31"),
        ("spdx", "(MIT OR Apache-2.0) AND GPL-3.0-or-later", "MIT licence"),
        ("hash", "0123abc", "0123abcg"),
        ("semver", "1.2.3-rc.1+build", "v1.2"),
        ("email", "a@b.example", "a@b"),
        ("text", "x", ""),
    ],
)
def test_what_a_label_may_hold(kind: str, good: str, bad: str) -> None:
    settings = Settings(labels={"l": kind})
    assert "D2S504:2" not in codes(f'FROM a:1\nLABEL l="{good}"\n', settings=settings)
    assert "D2S504:2" in codes(f'FROM a:1\nLABEL l="{bad}"\n', settings=settings)


def test_registries_of_copies_and_mounts() -> None:
    copies = "COPY --from=q.example/b:1 /a /a\nRUN --mount=from=r.example/c,target=/c true\n"
    text = f"FROM a:1 AS x\n{copies}FROM x\nCOPY --from=x /a /b\nFROM scratch\nCOPY --from=1 / /\n"
    found = [code for code in codes(text, settings=Settings(registries=("docker.io", "q.*"))) if code.startswith("D2S107")]
    assert found == ["D2S107:3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ignor = []", "dock2sh.toml: there is no setting `ignor` (did you mean ignore?)"),
        ("ignore = 1", "dock2sh.toml: `ignore` is no list of names"),
        ("allowed-registries = [1]", "dock2sh.toml: `allowed-registries` is no list of names"),
        ("strict-labels = 1", "dock2sh.toml: `strict-labels` is true or false"),
        ("labels = 1", "dock2sh.toml: `labels` is no table"),
        ('[labels]\na = "ulr"', "dock2sh.toml: `labels`: a cannot be 'ulr' (did you mean url?)"),
        ("[labels]\na = [1]", "dock2sh.toml: `labels`: a cannot be [1]"),
        ("a = ", "dock2sh.toml: Invalid value (at end of document)"),
    ],
)
def test_a_configuration_that_is_not_understood(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dock2sh.toml").write_text(text)
    with pytest.raises(Refused) as error:
        configured(tmp_path)
    assert error.value.diagnostic.message == message
    assert error.value.diagnostic.hint


def test_a_configuration_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dock2sh]\nignore = ["DL3006"]\nallowed-registries = ["a"]\nstrict-labels = true\n'
        '[tool.dock2sh.labels]\n"x.y" = "url"\n'
    )
    assert configured(tmp_path) == Settings(frozenset({"DL3006"}), ("a",), {"x.y": "url"}, True)
    assert configured(None) == Settings()


@pytest.mark.parametrize(
    "comment", ["# hadolint ignore=DL3025", "# dock2sh ignore=JSONArgsRecommended", "# check=skip=JSONArgsRecommended"]
)
def test_buildkits_checks_are_silenced_by_any_name(comment: str) -> None:
    text = f"FROM debian:12\n{comment}\nCMD a b\nFROM debian:12\nCMD a b\n"
    dockerfile = dock2sh.parse(text)
    found = spoken(check(dockerfile, Options(), assumed), dockerfile, Settings())
    assert [(each.code, each.spans[0].first, each.also) for each in found] == [("JSONArgsRecommended", 5, ("DL3025",))]
