"""A bundle from a Dockerfile's text, with docker's default environment for every base image."""

from pathlib import Path

from dock2sh import evaluate, parse
from dock2sh.model import DEFAULT_PATH, Base, Plan
from dock2sh.plan.context import Project
from dock2sh.plan.evaluate import Options
from dock2sh.provision import Bundle, Service, Wish, bundle

BASE = Base({"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=" + DEFAULT_PATH]}})

PLAIN = r"""FROM debian:12
ENV KEEP="a 'b' \$c"
RUN mkdir /srv/app && echo one >> /srv/app/log && ln -s app /srv/link
RUN useradd -r -u 977 -U web && echo two >> /srv/app/log
RUN rm /etc/motd && echo changed > /etc/issue && mkdir -p /srv/app/deep/er && chmod 2775 /srv/app/deep
COPY --chown=web:web --chmod=640 note /srv/app/note
RUN ["sh", "-c", "rm -rf /tmp/* && echo three >> /srv/app/log && mv /srv/app/deep /srv/app/moved"]
WORKDIR /srv/app
USER web
CMD ["sh", "-c", "echo $KEEP $(id -u) $(pwd); exec sleep 1000"]
"""
"""Steps of all kinds, and a service that says who it is."""


def planned(text: str) -> Plan:
    return evaluate(parse(text), Options(), lambda reference, platform: BASE)


def made(text: str, context: Path | None = None, name: str = "demo", url: str = "", tools: tuple[str, ...] = ()) -> Bundle:
    return bundle(planned(text), Project("Dockerfile", text, context, None), "\\", Service(name), Wish(url, tools=tools))


def text_of(made: Bundle, path: str) -> str:
    return next(file.data.decode() for file in made.files if file.path == path)


def write(made: Bundle, folder: Path) -> Path:
    for file in made.files:
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(file.data + b"".join(Path(more).read_bytes() for more in file.behind))
        (folder / file.path).chmod(file.mode)
    return folder
