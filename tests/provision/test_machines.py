"""Files for Lima, Vagrant and Packer, each read by a parser of its language. Vagrant looks at its own; no machine was made."""

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import made, text_of, write

from dock2sh.provision.machines import TOOLS

TEXT = 'FROM {}\nENV A="it\'s 50% ${{HOME}} #{{x}}"\nEXPOSE 80 8443 53/udp\nRUN echo \'{{{{ .Path }}}}\'\nCMD ["sleep", "9"]\n'
ODD = TEXT.format("debian:12")


def test_only_on_request() -> None:
    assert not {file.path for file in made(ODD).files} & set(TOOLS.values())
    assert {file.path for file in made(ODD, tools=tuple(TOOLS)).files} >= set(TOOLS.values())
    assert made(ODD, tools=tuple(TOOLS)) == made(ODD, tools=tuple(TOOLS))


@pytest.fixture
def yaml(needs: Callable[[str], None]) -> Callable[[str], Any]:
    """Debian's Python reads it: cloud-init brings what that takes."""
    needs("cloud-init")
    words = ["/usr/bin/python3", "-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"]
    return lambda text: json.loads(subprocess.run(words, input=text, text=True, capture_output=True, check=True).stdout)


def test_lima_has_all_of_setup_sh_in_it(yaml: Callable[[str], Any]) -> None:
    bundle = made(ODD, tools=("lima",))
    told = yaml(text_of(bundle, "lima.yaml"))
    assert told["base"] == "template://debian-12"
    assert told["portForwards"] == [{"guestPort": 80, "hostPort": 8080}, {"guestPort": 8443, "hostPort": 8443}]
    (step,) = told["provision"]
    assert step["mode"] == "system"
    inside = step["script"].partition("<<'SETUP'")[2].partition("\n")[2].partition("\nSETUP\n")[0]
    assert gzip.decompress(base64.b64decode(inside)).decode() == text_of(bundle, "setup.sh")
    done = subprocess.run(["sh", "-n"], input=step["script"], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_lima_fetches_from_an_address(yaml: Callable[[str], Any]) -> None:
    told = yaml(text_of(made(ODD, url="https://example.org/a?b='c d'", tools=("lima",)), "lima.yaml"))
    script = told["provision"][0]["script"]
    assert "SETUP" not in script
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("image", "box", "remark"),
    [
        ("debian:12", "bento/debian-12", False),
        ("ubuntu:24.04", "bento/ubuntu-24.04", False),
        ("alpine:3.19", "bento/debian-12", True),
        ("python:3.12", "bento/debian-12", True),
        ("scratch", "bento/debian-12", True),
    ],
)
def test_the_machine_is_of_the_images_release_where_there_is_one(image: str, box: str, remark: bool) -> None:
    text = text_of(made(f'FROM {image}\nCOPY x /\nCMD ["x"]\n', tools=("vagrant",)), "Vagrantfile")
    assert f'config.vm.box = "{box}"' in text
    assert ("builds a private tree" in text) == remark


def test_ruby_reads_the_vagrantfile(tmp_path: Path, needs: Callable[[str], None]) -> None:
    needs("ruby")
    (tmp_path / "Vagrantfile").write_text(text_of(made(ODD, tools=("vagrant",)), "Vagrantfile"))
    done = subprocess.run(["ruby", "-wc", tmp_path / "Vagrantfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Syntax OK\n", "")


@pytest.mark.slow
def test_vagrant_finds_its_file_valid(tmp_path: Path, needs: Callable[[str], None]) -> None:
    needs("vagrant")
    write(made(ODD, tools=("vagrant",)), tmp_path)
    words = ["vagrant", "validate", "--ignore-provider"]
    env = {**os.environ, "VAGRANT_HOME": str(tmp_path / "home"), "VAGRANT_CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "validated successfully" in done.stdout) == (0, True), done.stdout + done.stderr


def test_hcl_reads_the_packer_file(tmp_path: Path, needs: Callable[[str], None]) -> None:
    needs("hcl2tojson")
    (tmp_path / "packer.pkr.hcl").write_text(text_of(made(ODD, tools=("packer",)), "packer.pkr.hcl"))
    done = subprocess.run(["hcl2tojson", tmp_path / "packer.pkr.hcl"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert [next(iter(variable)).strip('"') for variable in told["variable"]] == ["image", "checksum", "password"]
    (build,) = told["build"]
    assert "source.qemu.demo" in str(build["sources"])
    assert "sh '{{ .Path }}' --yes --no-start" in build["provisioner"][0]['"shell"']["execute_command"]
