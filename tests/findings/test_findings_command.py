"""Findings as they are shown: formats, `dock2sh check --fix`, the page of a code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import dock2sh
from dock2sh.bases import assumed
from dock2sh.checks.formats import as_github, as_json
from dock2sh.checks.sarif import as_sarif
from dock2sh.findings import find


def test_formats() -> None:
    text = "FROM debian\nRUN wget 'https://x/%0A::error::y'\n"
    dockerfile = dock2sh.parse(text)
    found = [each.diagnostic() for each in find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile)]
    assert json.loads(as_json(found, "Dockerfile", text))[0]["also"] == ["DL3006"]
    results = json.loads(as_sarif(found, "Dockerfile", text))["runs"][0]["results"]
    assert {result["level"] for result in results} <= {"error", "warning", "note"}
    lines = as_github(found, "a:b,Dockerfile", text).splitlines()
    assert len(lines) == len(found)
    assert all(re.match(r"::(error|warning|notice) file=a%3Ab%2CDockerfile,line=\d+,", line) for line in lines)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "dock2sh", *arguments], capture_output=True, text=True, check=False)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:11\nRUN apt-get remove x\n")
    assert run("check", "--offline", str(tmp_path)).returncode == 1, "it would stop the build"
    (tmp_path / "Dockerfile").write_text("FROM debian:11\nONBUILD RUN apt-get remove x\n")
    assert run("check", "--offline", str(tmp_path)).returncode == 0, "it would stop another build"
    (tmp_path / "Dockerfile").write_text("FROM debian:11\nRUN apt-get install x\n")
    done = run("check", "--offline", str(tmp_path))
    assert done.returncode == 0, "it may stop the build"
    assert "[D2S111, DL3014]" in done.stdout
    (tmp_path / "dock2sh.toml").write_text('ignore = ["DL3014", "D2S121"]\n')
    assert run("check", "--offline", str(tmp_path)).stdout == ""
    assert "D2S102" in run("check", "--offline", "--level", "info", str(tmp_path)).stdout
    (tmp_path / "dock2sh.toml").write_text("ignore = 3\n")
    assert "`ignore` is no list of names" in run("check", "--offline", str(tmp_path)).stderr


def test_the_command_cures(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:11\nRUN apt-get update && apt-get install x\n")
    done = run("check", "--offline", "--fix", str(path))
    assert "+RUN apt-get update && apt-get install -y x\n" in done.stdout
    assert "-y" not in path.read_text()
    run("check", "--offline", "--fix", "--in-place", str(path))
    assert path.read_text() == "FROM debian:11\nRUN apt-get update && apt-get install -y x\n"


def test_the_page_of_a_finding() -> None:
    done = run("explain", "--code", "dl3014")
    assert done.stdout.startswith("D2S111, DL3014: ")
    assert "StageNameCasing: " in run("explain", "--code", "stagenamecasing").stdout
    missing = run("explain", "--code", "D2S999")
    assert missing.returncode == 2
    assert "there is no such finding" in missing.stderr


def test_formats_name_the_path(tmp_path: Path) -> None:
    """A code host looks for the file from the repository's root: its name alone is another file there."""
    (tmp_path / "a,b").mkdir()
    (tmp_path / "a,b" / "Dockerfile").write_text("FROM debian\n")
    call = [sys.executable, "-m", "dock2sh", "check", "--offline"]

    def said(target: str, format: str) -> str:
        done = subprocess.run([*call, target, "--format", format], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout

    assert said("a,b", "github").startswith("::warning file=a%2Cb/Dockerfile,line=1,")
    assert json.loads(said(str(tmp_path / "a,b"), "json"))[0]["file"] == "a,b/Dockerfile"
    run = json.loads(said("a,b/Dockerfile", "sarif"))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%2Cb/Dockerfile"
    assert run["tool"]["driver"]["rules"][0]["help"]["text"].startswith("Without a tag")


def test_a_pyproject_of_another_form(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:12\n")
    (tmp_path / "pyproject.toml").write_text("tool = 3\n")
    assert run("check", "--offline", str(tmp_path)).stdout == ""
