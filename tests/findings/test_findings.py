"""Each rule: a Dockerfile in which it fires, and where, and a cured one; what silences it; cures that leave no choice."""

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from finding import codes

import dock2sh
from dock2sh.bases import assumed
from dock2sh.checks import check
from dock2sh.findings import Settings, find, rules
from dock2sh.findings.fixes import FIXES, diff, fixed
from dock2sh.findings.releases import managed
from dock2sh.plan.evaluate import Options
from dock2sh.source import place


class Story(NamedTuple):
    """What fires on the last line, and the same cured."""

    bad: str
    good: str
    base: str = "FROM debian:11"


UPDATE = "RUN apt-get update && "
CLEAN = " && rm -rf /var/lib/apt/lists/*"
STORIES = {
    "D2S101": Story("FROM debian", "FROM debian:12", ""),
    "D2S102": Story("RUN pip install flask", "RUN pip install flask==3.1"),
    "D2S103": Story("RUN git clone https://x/y.git", "RUN git clone -b v1 https://x/y.git"),
    "D2S104": Story("RUN wget https://x/y", "RUN wget https://x/y && echo 1 y | sha256sum -c"),
    "D2S105": Story("RUN wget https://x/latest/y", "RUN wget https://x/v1/y"),
    "D2S106": Story(UPDATE + "apt-get upgrade -y" + CLEAN, UPDATE + "apt-get install -y a" + CLEAN),
    "D2S110": Story("RUN pip install flask", "RUN /venv/bin/pip install flask", "FROM debian:12"),
    "D2S111": Story(UPDATE + "apt-get install a" + CLEAN, UPDATE + "apt-get install -qqy a" + CLEAN),
    "D2S117": Story("RUN yum install a", "RUN yum install -y a"),
    "D2S112": Story("RUN apt update", "RUN apt-get update"),
    "D2S113": Story("RUN echo 1.2.3.4 x >> /etc/hosts", "RUN echo 1.2.3.4 x >> /etc/hosts.x"),
    "D2S114": Story("RUN service nginx start", "RUN systemctl enable nginx"),
    "D2S115": Story("RUN export A=1", "RUN export A=1 && make"),
    "D2S107": Story("FROM quay.example/a:1", "FROM docker.io/library/a:1", ""),
    "D2S116": Story(
        UPDATE + "apt-get install -y python2" + CLEAN, UPDATE + "apt-get install -y python3" + CLEAN, "FROM debian:12"
    ),
    "D2S125": Story("RUN wget https://x/y -O y", "RUN wget -nv https://x/y -O y"),
    "D2S126": Story("RUN useradd -u 1000000000 a", "RUN useradd -l -u 1000000000 a"),
    "D2S133": Story("RUN a\nRUN b", "RUN a\nENV A=1\nRUN b"),
    "D2S134": Story("RUN curl -o a b\nRUN wget -q c", "RUN curl -o a b && curl -o c d"),
    "D2S135": Story("ENV A=1 B=$A", "ENV A=1\nENV B=$A"),
    "D2S153": Story("COPY a.tgz /tmp/\nRUN tar xzf /tmp/a.tgz", "ADD a.tgz /opt/\nRUN tar xzf /tmp/a.tgz"),
    "D2S154": Story("COPY a b /x", "COPY a b /x/"),
    "D2S156": Story("COPY --from=busybox:1 / /", "COPY --from=busybox:1 /bin /bin"),
    "D2S164": Story("USER app", "USER 1000:1000"),
    "D2S501": Story("LABEL Bad..Key=1", "LABEL good.key=1"),
    "D2S502": Story("FROM a:1", "FROM a:1\nLABEL needed=text", ""),
    "D2S503": Story("LABEL needed=a other=b", "LABEL needed=a"),
    "D2S504": Story("LABEL needed=", "LABEL needed=a"),
    "D2S120": Story("RUN apt-get update", UPDATE + "apt-get install -y a"),
    "D2S121": Story("RUN apt-get install -y a", UPDATE + "apt-get install -y a"),
    "D2S122": Story(UPDATE + "apt-get install -y a", UPDATE + "apt-get install -y a" + CLEAN),
    "D2S123": Story(UPDATE + "apt-get install -y a", UPDATE + "apt-get install -y --no-install-recommends a"),
    "D2S124": Story("RUN apk add a", "RUN apk add --no-cache a", "FROM alpine:3.20"),
    "D2S130": Story("RUN cd /x && make", 'RUN (cd /x && make); d="$(mktemp -d)"; cd "$d"; make'),
    "D2S131": Story("RUN wget -qO- https://x | tar x", "RUN set -o pipefail; wget -qO- https://x | tar x"),
    "D2S132": Story("RUN [[ a = b ]] && source x", "RUN [ a = b ] && . x && make"),
    "D2S150": Story("ADD a /a", "ADD a.tar.gz /a"),
    "D2S151": Story("COPY a b/", "COPY a /b/"),
    "D2S152": Story("COPY --from=bulid /a /a", "COPY --from=busybox:1 /a /a"),
    "D2S160": Story("USER root", "USER 1000"),
    "D2S161": Story('CMD ["a"]', 'USER 1000\nCMD ["a"]'),
    "D2S162": Story("COPY id_rsa /root/", "COPY id_rsa.pub /root/"),
    "D2S165": Story(
        "RUN --mount=type=secret,id=x cat /run/secrets/x > /etc/x", "RUN --mount=type=secret,id=x,target=/etc/x cat /etc/x"
    ),
    "D2S163": Story("RUN curl -u a:b https://x -o y", 'RUN curl -u "$LOGIN" https://x -o y'),
    "D2S170": Story("RUN curl -fsSL https://x | sh -s -- -y", "RUN curl -fsSL https://x | tar x"),
    "D2S171": Story("RUN curl -fk https://x -o y", "RUN curl -f https://x -o y"),
    "D2S172": Story("RUN wget http://x/y", "RUN wget https://x/y"),
    "D2S173": Story("RUN chmod -R 777 /x", "RUN chmod -R 755 /x"),
    "D2S175": Story("RUN echo aGk= | base64 -d | sh", "RUN echo aGk= | base64 -d > /x"),
    "D2S174": Story("RUN sudo make", "RUN make"),
    "D2S302": Story('ENTRYPOINT ["a"]\nCMD b c', 'ENTRYPOINT ["a"]\nCMD ["b", "c"]'),
    "D2S401": Story("RUN apt-mark auto '.*'", "RUN apt-mark auto x"),
    "D2S402": Story("RUN apt-get purge -y a", "RUN apt-mark hold a"),
    "D2S403": Story("RUN rm -rf /tmp/*", "RUN rm -rf /tmp/mine"),
    "D2S404": Story("RUN find / -name '*.pyc' -delete", "RUN find /opt/mine -name '*.pyc' -delete"),
    "D2S405": Story("RUN sed -i s/a/b/ /etc/ssh/sshd_config", "RUN sed s/a/b/ /etc/ssh/sshd_config"),
    "D2S406": Story("RUN useradd x", "RUN id x"),
    "D2S407": Story("RUN add-apt-repository -y ppa:x", "RUN apt-mark hold x"),
    "D2S408": Story("RUN ln -sf /bin/bash /bin/sh", "RUN ln -sf /bin/bash /bin/mysh"),
    "D2S409": Story(UPDATE + "apt-get install -y nginx", UPDATE + "apt-get install -y gcc"),
}


CONFIGURED = {
    "D2S107": Settings(registries=("docker.io", "*.example.com")),
    "D2S502": Settings(labels={"needed": "text"}),
    "D2S503": Settings(labels={"needed": "text"}, strict_labels=True),
    "D2S504": Settings(labels={"needed": "text"}),
}


@pytest.mark.parametrize("code", STORIES)
def test_a_rule(code: str) -> None:
    story, settings = STORIES[code], CONFIGURED.get(code, Settings())
    host = rules()[code].only == "host"
    bad, good = f"{story.base}\n{story.bad}\n".lstrip("\n"), f"{story.base}\n{story.good}\n".lstrip("\n")
    line = 1 if code == "D2S161" else bad.count("\n") - (code == "D2S153")
    assert f"{code}:{line}" in codes(bad, host, settings)
    assert not [found for found in codes(good, host, settings) if found.startswith(code)]
    if host:
        assert not [found for found in codes(bad) if found.startswith(code)]


def test_every_rule_has_its_story() -> None:
    assert set(STORIES) | {"SHELLCHECK"} == set(rules())


def test_rules_are_whole() -> None:
    for rule in rules().values():
        assert rule.severity in ("error", "warning", "info")
        assert rule.only in ("", "host")
        assert rule.why.endswith((".", "“404 Not Found”."))
        for template in (rule.message, rule.cure):
            assert template.count("`") % 2 == 0, rule.code


MANAGED = {
    "debian": True, "debian:12": True, "debian:bookworm-slim": True, "debian:trixie-20260101": True, "debian:11": False,
    "debian:bullseye-slim": False, "ubuntu": True, "ubuntu:24.04": True, "ubuntu:23.04": True, "ubuntu:22.04": False,
    "ubuntu:jammy-20240101": False, "alpine:3.18": False, "alpine:3.20": True, "alpine": True, "python:3.12": False,
    "me/debian:12": False, "docker.io/library/debian:12": True, "debian@sha256:0": True,
}  # fmt: skip


@pytest.mark.parametrize("image", MANAGED)
def test_whose_python_is_the_systems(image: str) -> None:
    assert managed(image) == MANAGED[image]


@pytest.mark.docker
@pytest.mark.slow
def test_docker_refuses_pip_there_too(tmp_path: Path) -> None:
    """D2S110 says error: the build of a real Debian 12 stops with the words of PEP 668."""
    home = tmp_path / "pep668"
    home.mkdir()
    install = "apt-get update && apt-get install -y --no-install-recommends python3-pip"
    (home / "Dockerfile").write_text(f"FROM debian:12\nRUN {install}\nRUN pip install flask\n")
    done = subprocess.run(["docker", "build", home], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "externally-managed-environment" in done.stderr


SILENT = {
    "# dock2sh ignore=D2S104": [],
    "# hadolint ignore=D2S104,DL3008": [],
    "# check=skip=D2S104": [],
    "# check=skip=all": [],
    "# dock2sh ignore=D2S103": ["D2S104:3"],
    "# a comment": ["D2S104:3"],
    "  # dock2sh ignore=D2S104": [],
    "# dock2sh ignore=DL3008 , D2S104": [],
    "# dock2sh ignore=D2S104 -- it is signed (D2S103)": [],
    "# hadolint ignore=DL3008,D2S104 # a reason": [],
    "# hadolint ignore=DL3008 D2S104": ["D2S104:3"],
    "# please dock2sh ignore=D2S104": ["D2S104:3"],
    "# check=error=false;skip=D2S104": [],
}


@pytest.mark.parametrize("comment", SILENT)
def test_a_comment_silences_one_instruction(comment: str) -> None:
    text = f"FROM debian:12\n{comment}\nRUN wget -q https://x/y\nENV A=1\nRUN wget -q https://x/z\n"
    assert codes(text) == [*SILENT[comment], "D2S104:5"]


def test_what_silences_a_whole_file() -> None:
    assert codes("FROM debian:12\nRUN wget -q https://x\n# hadolint global ignore=D2S104\nENV A=1\nRUN wget -q https://y\n") == []
    assert codes("# check=skip=D2S104\nFROM debian:12\nRUN wget -q https://x\n") == []
    assert codes("FROM debian\n", settings=Settings(frozenset({"DL3006"}))) == []


def test_a_text_is_no_comment() -> None:
    """What a here-document writes into a file silences nothing here."""
    assert codes("FROM debian:12\nCOPY <<E /x\n# hadolint global ignore=D2S104\nE\nRUN wget -q https://x\n") == ["D2S104:5"]


def test_hadolints_names_stand_beside_ours() -> None:
    dockerfile = dock2sh.parse("FROM debian\n")
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile)
    assert found[0].diagnostic().also == ("DL3006",)


# ---- cures

BEFORE = """\
FROM debian:12 as x
MAINTAINER me <a@b>
ENV A b c
ENV D "e f" g
# apt-get install nothing
RUN apt-get update && apt-get install python3 \\
 && apt-get -q remove x
RUN apt install -y y
EXPOSE 80/TCP
"""
AFTER = """\
FROM debian:12 AS x
LABEL org.opencontainers.image.authors="me <a@b>"
ENV A="b c"
ENV D "e f" g
# apt-get install nothing
RUN apt-get update && apt-get install -y python3 \\
 && apt-get -q remove x
RUN apt-get install -y y
EXPOSE 80/tcp
"""


def test_cures_that_leave_no_choice() -> None:
    dockerfile = dock2sh.parse(BEFORE)
    plan = dock2sh.evaluate(dockerfile, None, assumed)
    found = (*check(dockerfile, Options(), assumed), *(each.diagnostic() for each in find(plan, dockerfile)))
    once, cured = fixed(BEFORE, found)
    assert {each.code for each in cured} <= set(FIXES)
    assert once.replace(" && apt-get -q remove -y x", " && apt-get -q remove x") == AFTER
    assert diff(BEFORE, once, "Dockerfile").startswith("--- a/Dockerfile\n+++ b/Dockerfile\n")


def test_the_cured_file_is_the_same_to_docker() -> None:
    """What is built does not change, but for the answer to a question and the form of a label."""
    text = "FROM debian:12 as x\nENV A b c\nEXPOSE 80/TCP\n"
    dockerfile = dock2sh.parse(text)
    cured, _ = fixed(text, check(dockerfile, Options(), assumed))
    before, after = (dock2sh.evaluate(dock2sh.parse(each), None, assumed).config for each in (text, cured))
    assert cured != text
    assert before == after


# ---- where shellcheck points

SHELL = """\
FROM debian:12
RUN echo hi \\
    # a comment
    && echo $FOO "x" \\

    && rm -rf $BAR/*
RUN <<-EOT
\tcd /x
\techo $UNQ
EOT
RUN cat <<EOT | sort && echo $Y
ab
EOT
"""


def test_shellcheck_points_at_the_character() -> None:
    dockerfile = dock2sh.parse(SHELL)
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile, None, False, True)
    lines, pointed = SHELL.split("\n"), set()
    for each in found:
        if each.own == "SC2086":
            where = place(each.diagnostic(), lines)
            assert where
            pointed.add((where.line, lines[where.line - 1][where.column - 1 :][: where.length]))
    assert pointed == {(4, "$FOO"), (6, "$BAR"), (9, "$UNQ"), (11, "$Y")}


# ---- programs that nobody has seen

UNSEEN = {
    'sh -c "$(curl -fsSL https://x/i.sh)"': ["D2S170"],
    "bash <(curl -s https://x/i.sh)": ["D2S170"],
    'eval "$(curl -s https://x/i.sh)"': ["D2S170"],
    ". <(wget -qO- https://x)": ["D2S170"],
    'bash -c "$(wget -qO- https://x)" -- -y': ["D2S170"],
    "curl https://x | sudo bash": ["D2S170", "D2S174"],
    "curl https://x | tee a | sh": ["D2S170"],
    "curl https://x | gunzip | env A=1 bash -s -- -y": ["D2S170"],
    "wget -O - https://x | python3 -": ["D2S170"],
    "(cd /x && curl https://x | sh)": ["D2S170"],
    "echo aGk= | base64 --decode | bash": ["D2S175"],
    'sh -c "$(echo aGk= | base64 -d)"': ["D2S175"],
    "curl https://x | sh ./local.sh": [],
    "curl https://x > /x; sh /y": [],
    'sh /x "$(curl https://x)"': [],
    'echo "$(curl https://x)"': [],
    "V=$(curl https://x) sh /y": [],
    "curl https://x | tar x && sh ./i.sh": [],
    "base64 -d a > b | sh ./x": [],
    "base64 a | sh": [],
}


@pytest.mark.parametrize("text", UNSEEN)
def test_a_program_that_nobody_has_seen(text: str) -> None:
    found = codes(f"FROM debian:11\nRUN {text}\n")
    assert sorted(code[:6] for code in found if code[:6] in ("D2S170", "D2S174", "D2S175")) == UNSEEN[text]


@pytest.mark.parametrize("text", [". /etc/profile", "source /etc/profile", "cd /x", "umask 022"])
def test_a_state_that_ends(text: str) -> None:
    assert "D2S115:2" in codes(f"FROM debian:11\nRUN {text}\n")


@pytest.mark.parametrize(
    ("base", "count"),
    [("debian:12", 2), ("fedora:41", 0), ("quay.io/centos/centos:stream9", 0), ("alpine:3.20", 0), ("x/tool:1", 2)],
)
def test_whose_sh_is_bash(base: str, count: int) -> None:
    """fedora's sh is bash, busybox's ash knows `[[` and `source`."""
    assert sum(code.startswith("D2S132") for code in codes(f"FROM {base}\nRUN [[ a = b ]] && source x && make\n")) == count
