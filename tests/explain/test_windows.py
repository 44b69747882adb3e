"""Images for Windows: nothing of Linux is said of them."""

import re

import pytest
from explaining import explained, said, steps

import dock2sh
from dock2sh.bases import assumed, unknown
from dock2sh.checks import check
from dock2sh.explain.language import plain
from dock2sh.explain.terminal import Style, lines
from dock2sh.findings import find
from dock2sh.plan.evaluate import Options
from dock2sh.plan.paths import windows_join

TEXT = (
    "# escape=`\nFROM mcr.microsoft.com/windows/servercore:ltsc2022\n"
    'SHELL ["powershell", "-Command", "$ErrorActionPreference = \'Stop\';"]\n'
    "WORKDIR C:\\app\nRUN Remove-Item a.zip; `\n    Get-Item $Env:X\nCOPY src\\ C:\\app\\src\\\nUSER ContainerUser\n"
    'RUN ["powershell", "-Command", "dir"]\nEXPOSE 80\nENTRYPOINT ["C:\\\\app\\\\s.exe"]\n'
)


@pytest.mark.parametrize("known", [True, False])
def test_nothing_of_linux_is_said(known: bool) -> None:
    shown = "\n".join(lines(explained(TEXT, known, checked=known), Style(200)))
    own = "\n".join(line for line in shown.split("\n") if not re.match(r"\s+\d+  ", line))
    for word in ("/bin/sh", "root", "mkdir", "SIGTERM", "/C:", "/etc/", "bash", "By hand", "kernel takes", "owners"):
        assert word not in own, word
    assert "An image for Windows" in own


def test_paths_are_as_they_are_written() -> None:
    assert "begin in C:\\app" in said(TEXT, 4)
    assert "to C:\\app\\src\\" in said(TEXT, 7)
    assert next(step for step in steps(explained(TEXT)) if step.first == 5).variables == ()


JOINED = {
    ("/", "C:\\app"): "C:\\app",
    ("C:\\app", "sub"): "C:\\app\\sub",
    ("C:\\app", "\\x"): "C:\\x",
    ("/", "app"): "C:\\app",
    ("C:\\app\\", "D:/data"): "D:\\data",
    ("C:\\app", ""): "C:\\app",
}


@pytest.mark.parametrize("case", JOINED)
def test_a_directory_of_windows(case: tuple[str, str]) -> None:
    assert windows_join(*case) == JOINED[case]


@pytest.mark.parametrize(
    "name", ["mcr.microsoft.com/windows/nanoserver", "mcr.microsoft.com/windows:ltsc2022", "golang:1-windowsservercore-ltsc2022"]
)
def test_it_is_known_by_its_name(name: str) -> None:
    dockerfile, options = dock2sh.parse(f"FROM {name}\nWORKDIR C:\\\\app\nUSER x\n"), Options()
    for base in (assumed, unknown):
        plan = dock2sh.evaluate(dockerfile, options, base)
        assert plan.image["os"] == "windows"
        codes = {each.code for each in check(dockerfile, options, base)} | {each.code for each in find(plan, dockerfile)}
        assert not codes & {"WorkdirRelativePath", "InvalidBaseImagePlatform", "D2S161", "D2S164"}


def test_a_name_that_only_sounds_so() -> None:
    for name in ("debian:12", "windowsill/x", "my-windows-app", "dockurr/windows:5", "a/windows"):
        assert plain(explained(f"FROM {name}\nCMD a\n").start.rows[-1].says).startswith("SIGTERM")
    assert list(steps(explained("FROM debian:12\nWORKDIR C:x\n")))[1].does
