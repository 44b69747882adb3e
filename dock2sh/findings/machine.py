"""Findings that matter where the script runs on a machine of its own: what is harmless in a container that is thrown away."""

from collections.abc import Iterator

from dock2sh.commands import Known
from dock2sh.commands.apart import Understood
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen, written
from dock2sh.model import Run

_SERVICES = frozenset(
    "nginx apache2 postgresql openssh-server mysql-server mariadb-server redis-server cron rsyslog"
    " docker.io docker-ce bind9 vsftpd"
    "samba haproxy memcached rabbitmq-server mongodb lighttpd squid postfix exim4 dovecot-core"
    " supervisor snmpd slapd".split()
)


def find(did: list[Seen]) -> Iterator[Finding]:
    for one in did:
        if isinstance(one.step, Run):
            for understood, known in one.commands():
                yield from _command(one, understood, known)


def _command(one: Seen, understood: Understood, known: Known) -> Iterator[Finding]:
    span, title = one.step.span, known.title
    tool = title.partition(" ")[0]
    paths = known.words("path")
    if title == "apt-mark auto" and any(name in (".*", ".", "*") for name in known.words("package")):
        yield Finding("D2S401", span, (), "apt-mark")
    if "removes" in known.effects or any(part.text in ("--auto-remove", "--autoremove") for part in known.parts):
        yield Finding("D2S402", span, (("command", title),), title)
    for path in paths if tool == "rm" else ():
        if path.startswith(("/tmp/*", "/var/tmp/*")) or path in ("/tmp", "/var/tmp"):
            yield Finding("D2S403", span, (("path", path),), path)
        elif path.rstrip("/*") in ("", "/usr", "/usr/share", "/var", "/var/log", "/opt", "/home", "/root"):
            yield Finding("D2S404", span, (("command", tool), ("path", path)), path)
    if tool == "find" and any(part.text in ("-delete", "-exec") for part in known.parts):
        for path in paths[:1]:
            if path in ("/", "/usr", "/usr/local", "/var", "/etc", "/opt", "/home"):
                yield Finding("D2S404", span, (("command", tool), ("path", path)), path)
    yield from _settings(one, understood, known)
    if title in ("useradd", "adduser", "groupadd", "addgroup", "usermod", "groupmod"):
        yield Finding("D2S406", span, (("command", title),), title)
    services = sorted(set(known.words("package")) & _SERVICES) if title in ("apt-get install", "apt install") else []
    if services:
        yield Finding("D2S409", span, (("names", ", ".join(services)),), services[0])


def _settings(one: Seen, understood: Understood, known: Known) -> Iterator[Finding]:
    for path in written(understood, known):
        if path.startswith(("/etc/apt/sources.list", "/etc/apt/trusted.gpg", "/etc/yum.repos.d")):
            yield Finding("D2S407", one.step.span, (), path)
        elif path.startswith("/etc/"):
            yield Finding("D2S405", one.step.span, (("path", path),), path)
        elif path in ("/bin/sh", "/usr/bin/sh"):
            yield Finding("D2S408", one.step.span, (), path, ("DL4005",))
    if known.title in (
        "apt-key add",
        "apt-key adv",
        "add-apt-repository",
        "yum-config-manager",
        "yum config-manager",
        "dnf config-manager",
    ):
        yield Finding("D2S407", one.step.span, (), known.title)
