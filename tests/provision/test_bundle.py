"""What is in a bundle, without a machine to try it on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import checkers
import pytest
from making import made, planned, text_of, write

from dock2sh.model import DEFAULT_PATH
from dock2sh.plan.context import Project
from dock2sh.provision.dangers import dangers
from dock2sh.provision.names import Service, service_name
from dock2sh.provision.releases import Release, release
from dock2sh.provision.service import quoted, signal, volumes
from dock2sh.provision.steps import table

EVERYTHING = r"""FROM debian:12 AS build
RUN echo built > /out
FROM debian:12
ENV APP_TOKEN="s3 'cret\"" GREETING="50% $5 \\ é" A.b=c
LABEL org.opencontainers.image.title="Demo 100%" org.opencontainers.image.url=https://example.org/x
COPY --from=build /out /opt/out
RUN apt-get purge -y --auto-remove gcc && rm -rf /tmp/* && useradd app
WORKDIR /srv/with space
USER app:staff
EXPOSE 80 8443/udp
VOLUME ["/data", "/more data"]
STOPSIGNAL quit
HEALTHCHECK --interval=2s --retries=2 CMD test -e /ok
ENTRYPOINT ["/bin/sh", "-c", "echo \"$0\" '%' $$"]
CMD ["x y"]
"""


def test_a_bundle_has_what_an_operator_expects() -> None:
    paths = [file.path for file in made(EVERYTHING).files]
    assert {"setup.sh", "uninstall.sh", "README.md", "run-demo", "env.sh", "systemd/demo.service"} <= set(paths)
    assert {"systemd/demo-health.timer", "systemd/demo-health.service", "health-demo"} <= set(paths)


def test_a_dockerfile_that_starts_nothing_gets_no_service() -> None:
    paths = [file.path for file in made("FROM scratch\nCOPY x /\n").files]
    assert "setup.sh" in paths
    assert not [path for path in paths if "systemd" in path or "run-" in path]


def test_the_same_input_gives_the_same_bytes() -> None:
    assert made(EVERYTHING) == made(EVERYTHING)


def test_a_secret_is_for_its_user_alone() -> None:
    modes = {file.path: file.mode for file in made(EVERYTHING).files}
    assert modes["env.sh"] == 0o600
    assert {file.path: file.mode for file in made("FROM debian:12\nENV A=1\n").files}["env.sh"] == 0o644


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["busybox", "ash"]], ids=" ".join)
def test_every_shell_reads_its_scripts(shell: list[str], tmp_path: Path) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]} here")
    folder = write(made(EVERYTHING), tmp_path)
    for name in ("setup.sh", "uninstall.sh", "run-demo", "health-demo", "env.sh"):
        done = subprocess.run([*shell, "-n", folder / name], capture_output=True, text=True, check=False)
        assert (name, done.returncode, done.stderr) == (name, 0, "")


@pytest.mark.slow
def test_shellcheck_is_content(tmp_path: Path) -> None:
    assert [*checkers.shellcheck(write(made(EVERYTHING), tmp_path))] == []


def test_the_environment_is_whole_where_the_base_image_is_not_at_hand(tmp_path: Path) -> None:
    """A script can leave PATH open until it runs; env.sh and a unit cannot: of a venv's bundle they had the words `${PATH}`."""
    text = "FROM nowhere.example/venv:1\nENV PATH=/opt/venv/bin:$PATH GREETING=${GREETING:-hi}\nCMD gunicorn\n"
    (tmp_path / "Dockerfile").write_text(text)
    words = [sys.executable, "-m", "dock2sh", "provision", str(tmp_path), "-o", str(tmp_path / "out"), "--name", "demo"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nowhere.example/venv:1 is not at hand: PATH is taken for docker's default" in done.stderr
    read = '. "$1"; printf "%s|%s" "$PATH" "$GREETING"'
    said = subprocess.run(["sh", "-c", read, "sh", tmp_path / "out/env.sh"], capture_output=True, text=True, check=True)
    assert said.stdout == f"/opt/venv/bin:{DEFAULT_PATH}|hi"
    assert f"ExecSearchPath=/opt/venv/bin:{DEFAULT_PATH}\n" in (tmp_path / "out/systemd/demo.service.d/tree.conf").read_text()


def test_env_sh_gives_a_shell_what_the_image_has(tmp_path: Path) -> None:
    folder = write(made(EVERYTHING), tmp_path)
    words = ["env", "-i", "sh", "-c", '. "$1"; printf "%s|%s" "$APP_TOKEN" "$GREETING"', "sh", folder / "env.sh"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "s3 'cret\"|50%  \\ é"


def test_the_unit_says_what_the_image_says() -> None:
    unit = text_of(made(EVERYTHING), "systemd/demo.service")
    for line in ("Description=Demo 100%%", "Documentation=https://example.org/x", "ExecStart=/usr/local/bin/run-demo", "User=app",
                 "Group=staff", "WorkingDirectory=/srv/with space", "KillSignal=SIGQUIT", "KillMode=mixed", "TimeoutStopSec=10",
                 "AmbientCapabilities=CAP_NET_BIND_SERVICE", "StateDirectory=demo-volumes/data demo-volumes/more-data",
                 "BindPaths=/var/lib/demo-volumes/data:/data"):  # fmt: skip
        assert f"\n{line}\n" in unit


@pytest.mark.parametrize(
    "more",
    [
        "",
        "USER nobody\n",
        "USER 4242:4343\n",
        'VOLUME [ “/x”, ]\nVOLUME data / /a:b /a-b /a%h\nVOLUME ["/q uote", "/b\\\\\\\\s"]\n',
        "ENV PATH=bin::./node_modules/.bin:$PATH:'/with blank:%h'\n",
        "STOPSIGNAL 3\nWORKDIR relative%h\nENV odd.name=1 B='\\$x'\n",
        'ENTRYPOINT ["./start", "%i", "$X", "\'", "\\"", ";", "-"]\n',
        "HEALTHCHECK NONE\nCMD a && \\\n  b\n",
        "LABEL org.opencontainers.image.title='two\\\nlines \\'\n",
    ],
)
def test_systemd_finds_nothing_wrong(more: str, tmp_path: Path, needs: Callable[[str], None]) -> None:
    """In a root of its own, where what the unit starts is there."""
    needs("systemd-analyze")
    text = EVERYTHING.replace("USER app:staff\n", "USER www-data\n") + more
    assert [*checkers.systemd(write(made(text), tmp_path), "demo")] == []


def test_volumes_are_where_docker_has_them() -> None:
    """From / on; two of them are not one."""
    found = volumes(planned("FROM debian:12\nVOLUME data / /a:b /a-b/ /x/../y\nVOLUME [ “/s, ]\n"), Service("demo"))
    places = {path: here.removeprefix("/var/lib/demo-volumes/") for here, path in found}
    assert places == {
        "/data": "data",
        "/a-b": "a-b",
        "/a:b": "a-b-",
        "/y": "y",
        "/“/s,": "s",
        "/[": "volume",
        "/]": "volume-",
    }


@pytest.mark.parametrize(
    ("word", "text"),
    [("a b", '"a b"'), ('"\\', '"\\"\\\\"'), ("$x %y", '"$$x %%y"'), ("a\nb", '"a\\nb"'), ("", '""'), ("'", '"\'"')],
)
def test_a_word_in_systemds_quotes(word: str, text: str) -> None:
    assert quoted(word) == text


@pytest.mark.parametrize(("text", "name"), [("My App_2", "my-app-2"), ("2048", "app-2048"), ("..", "app"), ("x" * 60, "x" * 40)])
def test_a_name_for_the_service(text: str, name: str) -> None:
    assert service_name(text) == name


@pytest.mark.parametrize(("given", "name"), [("9", "SIGKILL"), ("term", "SIGTERM"), ("SIGRTMIN+3", "SIGRTMIN+3")])
def test_stopsignal(given: str, name: str) -> None:
    assert signal(planned(f"FROM debian:12\nSTOPSIGNAL {given}\n")) == name


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("debian:12", Release("debian", "12")),
        ("docker.io/library/debian:bookworm-slim", Release("debian", "12")),
        ("debian:12.5-slim", Release("debian", "12")),
        ("ubuntu:jammy-20240101", Release("ubuntu", "22.04")),
        ("ubuntu:24.04", Release("ubuntu", "24.04")),
        ("alpine:3.19", Release("alpine", "3.19")),
        ("fedora:40", Release("fedora", "40")),
        ("archlinux", Release("arch", "*")),
        ("debian", None),
        ("debian:sid", None),
        ("python:3.12", None),
        ("example.org/debian:12", None),
        ("scratch", None),
    ],
)
def test_which_release_a_base_image_is(image: str, found: Release | None) -> None:
    assert release(image) == found


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("apt-get purge -y --auto-remove gcc", "removes packages"),
        ("apt-get install -y gcc", ""),
        ("cd /x && sudo apt-mark auto '.*'", "by itself"),
        ("rm -rf /tmp/* /var/tmp/*", "deletes what others may need"),
        ("rm -rf /var/lib/apt/lists/*", ""),
        ("usermod -aG docker app", "changes accounts"),
        ("useradd app", ""),
        ("echo x >> /etc/hosts", "writes /etc/hosts"),
        ("sed -i s/a/b/ /etc/ssh/sshd_config", "changes /etc/ssh/sshd_config"),
        ("chown -R app /usr", "all below /usr"),
        ("if true; then apk del build; fi", "removes packages"),
        ("apt-get upgrade -y", "upgrades all packages"),
    ],
)
def test_what_is_dangerous_on_a_machine_is_named(command: str, said: str) -> None:
    found = dangers(planned(f"FROM debian:12\nRUN {command}\n"))
    assert bool(found) == bool(said)
    assert said in "".join(found)


def test_a_stage_that_never_touches_the_machine_is_not_dangerous() -> None:
    assert not dangers(planned("FROM debian:12 AS b\nRUN apt-get purge x\nFROM debian:12\nCOPY --from=b /x /\n"))


def digests(text: str, context: Path | None = None) -> list[str]:
    return [row.digest for row in table(planned(text), Project("Dockerfile", text, context, None))]


def test_a_step_is_the_same_on_another_line() -> None:
    assert digests("FROM debian:12\nRUN a\n") == digests("FROM debian:12\n\n# a comment\nRUN a\n")


@pytest.mark.parametrize(
    "other", ["FROM debian:11\nRUN a\nRUN b\n", "FROM debian:12\nENV X=1\nRUN a\nRUN b\n", "FROM debian:12\nRUN c\nRUN b\n"]
)
def test_what_a_step_depends_on_makes_it_another(other: str) -> None:
    assert not set(digests("FROM debian:12\nRUN a\nRUN b\n")) & set(digests(other))


def test_a_file_of_the_context_counts_by_content_and_mode(tmp_path: Path) -> None:
    text = "FROM debian:12\nCOPY x /\nRUN a\n"
    (tmp_path / "x").write_text("1")
    first = digests(text, tmp_path)
    (tmp_path / "other").write_text("1")
    assert digests(text, tmp_path) == first
    (tmp_path / "x").chmod(0o755)
    assert not set(digests(text, tmp_path)) & set(first)
    (tmp_path / "x").chmod(0o644)
    (tmp_path / "x").write_text("2")
    assert not set(digests(text, tmp_path)) & set(first)


def test_a_stage_counts_where_it_is_copied_from() -> None:
    text = "FROM debian:12 AS b\nRUN {}\nFROM debian:12\nRUN a\nCOPY --from=b /x /\n"
    first, second = digests(text.format(1)), digests(text.format(2))
    assert [one == other for one, other in zip(first, second, strict=True)] == [False, True, False]
    rows = table(planned(text.format(1)), Project("Dockerfile", text, None, None))
    assert [(row.stage, row.needs) for row in rows] == [("b", ()), ("-", ()), ("-", ("b",))]


def test_the_readme_says_what_has_to_be_given() -> None:
    """What an operator had to find out by a step that failed: secrets, images of earlier stages, a machine in the way."""
    run = "RUN --mount=type=secret,id=token --mount=type=ssh true\n"
    text = f"FROM golang:1 AS build\n{run}FROM debian:12\nCOPY --from=build /x /\nVOLUME /d\nCMD x\n"
    said = text_of(made(text), "README.md")
    assert "`--secret id=token,src=FILE`, `--ssh default`" in said
    assert "Stages before the last build on `golang:1`" in said
    assert "`sudo sh setup.sh --way root --base debian:12=SOURCE`" in said
    assert "To back up the data: `systemctl stop demo`" in said
    bare = text_of(made("FROM scratch\nCMD x\n"), "README.md")
    assert not [word for word in ("--secret", "Stages before", "--way root", "back up") if word in bare]


def test_the_readme_says_what_there_is(tmp_path: Path) -> None:
    """Of secrets, of what must be a file, of the size of the user-data; and those who may read it."""
    (tmp_path / "large").write_bytes(os.urandom(1 << 21))
    plain = made("FROM debian:12\nENV A=1\nCOPY large /\n", tmp_path)
    secret = made('FROM debian:12\nENV API_TOKEN=x\nVOLUME /data\nRUN true\nCMD ["sleep", "9"]\n', tmp_path)
    fetched = made("FROM debian:12\n", url="https://example.org/setup.sh")
    said = text_of(plain, "README.md")
    assert "look secret" not in said
    assert "Nothing is fetched from a network" in said
    assert "curl -fsS URL" not in said  # the files of the context stand behind the script
    said = text_of(secret, "README.md")
    assert "look secret" in said
    assert "curl -fsS URL" in said
    assert "env.sh.new" in said
    assert "the data of its volumes" in said
    size = len(text_of(secret, "cloud-init.yaml"))
    assert f"{-(-size // 1024)} KB" in said
    assert "they fetch setup.sh from\nhttps://example.org/setup.sh" in text_of(fetched, "README.md")
    modes = {file.path: file.mode for file in secret.files}
    assert (modes["setup.sh"], modes["cloud-init.yaml"], modes["env.sh"]) == (0o700, 0o600, 0o600)
    assert modes["ansible/roles/demo/files/demo-setup.sh"] == 0o700
    assert {file.path: file.mode for file in plain.files}["setup.sh"] == 0o755
