"""hadolint's own configuration file: who comes from there keeps it."""

import json
import subprocess
from pathlib import Path

import pytest

from dock2sh.findings.hadolint import hadolints
from dock2sh.findings.settings import configured
from dock2sh.source import Refused

DOCKERFILE = (
    "FROM registry.example.com/a:1\nRUN apt-get update && apt-get install -y x\nRUN cd /x && sudo y\nMAINTAINER me\nCMD x\n"
)


def run(directory: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = ("dock2sh", "check", "--offline", "--level", "info", "--format", "json", *args, str(directory))
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def found(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {each["code"]: each["severity"] for each in json.loads(done.stdout)}


@pytest.mark.parametrize("name", [".hadolint.yaml", ".hadolint.yml"])
def test_what_it_says_counts(tmp_path: Path, name: str) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    before = found(run(tmp_path))
    assert {"D2S102", "D2S174", "D2S130", "MaintainerDeprecated", "JSONArgsRecommended"} <= set(before)
    assert "D2S107" not in before
    (tmp_path / name).write_text(
        "failure-threshold: warning\n"
        "ignored:\n  - DL3008\n  - dl4000\n"
        "override:\n  error: [DL3003]\n  style:\n    - DL3025\n  info: DL3004\n"
        "trustedRegistries:\n  - docker.io\n"
    )
    done = run(tmp_path)
    after = found(done)
    assert done.returncode == 1  # an error now
    assert after.items() >= {"D2S130": "error", "JSONArgsRecommended": "info", "D2S174": "info", "D2S107": "error"}.items()
    assert not {"D2S102", "MaintainerDeprecated"} & set(after)
    assert set(before) - set(after) == {"D2S102", "MaintainerDeprecated"}
    assert f"dock2sh: {name} is read: ignores DL3008, DL4000; DL3003 is error; " in done.stderr
    assert "images only from docker.io; failure-threshold not heeded: use flags" in done.stderr


def test_ours_comes_first(tmp_path: Path) -> None:
    (tmp_path / "dock2sh.toml").write_text('ignore = ["DL3018"]\n[labels]\na = "url"\n')
    (tmp_path / ".hadolint.yaml").write_text("ignored: [DL3008]\nlabel-schema: {a: text, b: semver}\nstrict-labels: true\n")
    settings = configured(tmp_path)
    assert settings.ignore == {"DL3018", "DL3008"}
    assert settings.labels == {"a": "url", "b": "semver"}
    assert settings.strict_labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ignored: [", "while parsing"),
        ("- DL3008\n", "it is no mapping"),
        ("ignored: {a: 1}\n", "`ignored` is no list of names"),
        ("ignored: [3008]\n", "`ignored` is no list of names"),
        ("ignored: DL3008, DL3009\n", "`ignored`: `DL3008, DL3009` is no name of a rule"),
        ("override: [DL3008]\n", "`override` has lists named error, warning, info, style"),
        ("override: {fatal: [DL3008]}\n", "`override` has lists named error, warning, info, style"),
        ("label-schema: {a: b}\n", "`label-schema` names labels and what they hold"),
        ("strict-labels: maybe\n", "`strict-labels` is true or false"),
        ("a: !!python/object/apply:os.system [true]\n", "could not determine a constructor"),
        ("\x00", "unacceptable character"),
        (f"ignored: {'[' * 5000}", ""),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / ".hadolint.yaml").write_text(text)
    with pytest.raises(Refused) as caught:
        hadolints(tmp_path)
    assert caught.value.diagnostic.message.startswith(".hadolint.yaml: ")
    assert message in caught.value.diagnostic.message


def test_an_empty_one_says_nothing(tmp_path: Path) -> None:
    assert configured(tmp_path).told == ""
    (tmp_path / ".hadolint.yaml").write_text("# nothing\n")
    assert configured(tmp_path).told == ".hadolint.yaml is read: it says nothing"
