"""The platform that docker writes into an image: what --platform asked for, whatever the base is for, in containerd's names."""

import json
import subprocess
from pathlib import Path

import pytest

import dock2sh
from dock2sh.bases import assumed
from dock2sh.plan import platforms
from dock2sh.plan.evaluate import Options

HERE = "--platform=linux/amd64 busybox"  # the base is for another machine than the image
TABLE = (
    ("linux/arm64", "scratch", ("linux", "arm64", "")),
    ("linux/arm64/v8", "scratch", ("linux", "arm64", "")),  # v8 is what arm64 means; TARGETPLATFORM keeps it
    ("linux/arm/v7", "scratch", ("linux", "arm", "v7")),
    ("linux/arm", "scratch", ("linux", "arm", "v7")),
    ("linux/amd64/v2", HERE, ("linux", "amd64", "v2")),
    ("linux/arm64/v8", HERE, ("linux", "arm64", "")),
    ("linux/arm/v7", HERE, ("linux", "arm", "v7")),
)


def config_of(asked: str, base: str) -> tuple[str, str, str]:
    plan = dock2sh.evaluate(dock2sh.parse(f"FROM {base}\nLABEL a=b\n"), Options(platform=asked), assumed)
    return plan.image["os"], plan.image["architecture"], plan.image.get("variant", "")


@pytest.mark.parametrize(("asked", "base", "written"), TABLE)
def test_the_platform_that_was_asked_for(asked: str, base: str, written: tuple[str, str, str]) -> None:
    assert config_of(asked, base) == written


@pytest.mark.docker
@pytest.mark.parametrize(("asked", "base", "written"), TABLE)
def test_docker_writes_the_same(tmp_path: Path, asked: str, base: str, written: tuple[str, str, str]) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nLABEL a=b\n")
    name = "dock2sh-platform:" + tmp_path.name.replace("_", "").lower()
    subprocess.run(["docker", "build", "-q", "--platform", asked, "-t", name, tmp_path], check=True, capture_output=True)
    told = subprocess.run(["docker", "image", "inspect", name], check=True, capture_output=True, text=True).stdout
    subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)
    image = json.loads(told)[0]
    assert (image["Os"], image["Architecture"], image.get("Variant", "")) == written


def test_nothing_asked_the_base_says_it() -> None:
    base = {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "", "config": {}}
    assert platforms.stamped(base, None) == {"os": "linux", "architecture": "arm64", "config": {}}


def test_another_machine_s_variant_does_not_stay() -> None:
    asked = platforms.parse("linux/amd64")
    assert "variant" not in platforms.stamped({"os": "linux", "architecture": "arm", "variant": "v6"}, asked)


def test_a_directory_in_the_place_of_a_stage_has_no_platform() -> None:
    assert platforms.stamped({"config": {}}, None) == {"config": {}}


@pytest.mark.parametrize("name", ["linux/i686", "linux/armv7l"])
def test_what_a_machine_calls_itself_is_no_name_of_docker_s(name: str) -> None:
    assert str(platforms.parse(name)) == name
