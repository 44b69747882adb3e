"""EXPOSE, VOLUME, USER, WORKDIR, MAINTAINER, ONBUILD (semantics.md 1.3 and 1.4)."""

import re

from dock2sh.dockerfile.flags import Flags, check
from dock2sh.dockerfile.gotext import SPACE, atoi, mended, quoted
from dock2sh.dockerfile.syntax import Node
from dock2sh.dockerfile.words import split
from dock2sh.instructions.variables import arity
from dock2sh.model import Configure, MakeDirectory
from dock2sh.plan.builder import StageBuilder
from dock2sh.plan.paths import absolute, join, normalised, windows_join
from dock2sh.source import Refused, refuse


def plan_expose(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """EXPOSE: the arguments sorted, expanded, split again; ranges become single ports."""
    pairs, ports = list[tuple[str, str]](), list[str]()
    for word in sorted(node.args, key=lambda text: text.encode("utf-8", "surrogateescape")):
        if stage.gone:
            stage.expand(word)  # for its refusal: a port that nobody sets any more
        pairs += [(word, written) for written in split(word, stage.lookup, stage.shared.escape)]
    for word, written in pairs:
        ports += [written] if "${" in written and not stage.known else _ports_of(stage, word, written)
    stage.config["ExposedPorts"] = {**(stage.config.get("ExposedPorts") or {}), **{port: {} for port in ports}}
    stage.steps.append(Configure(stage.span, stage.text, "EXPOSE", (), tuple(ports), stage.onbuild))


def _ports_of(stage: StageBuilder, word: str, written: str) -> list[str]:
    """The ports of what a word came to. A complaint points at the word where the Dockerfile has nothing else."""
    try:
        return _ports(stage, written)
    except Refused as refused:
        raise refused if written in word else Refused(refused.diagnostic._replace(near=word)) from None


def _ports(stage: StageBuilder, written: str) -> list[str]:
    """`[[ip:]host:]port[-port][/protocol]` as `port/protocol`s. Raises Refused in BuildKit's words."""
    parts = written.split(":")
    address, host, container = ":".join(parts[:-2]), (parts[-2] if len(parts) > 1 else ""), parts[-1]
    port, _, protocol = container.partition("/")
    if not port:
        raise _bad_port(f"invalid port: {quoted(written)}: no port specified", written)
    if protocol.lower() not in ("", "tcp", "udp", "sctp"):
        raise _bad_port(f"invalid port: {quoted(written)}: invalid proto: {protocol}", written)
    if stage.shared.watch:
        stage.shared.watch.port(written, bool(address or host), protocol != protocol.lower())
    _check_address(address, written)
    first, last = _range(port, f"invalid containerPort: {port}", written)
    if host:
        host_first, host_last = _range(host, f"invalid hostPort: {host}", written)
        if last - first != host_last - host_first and last != first:
            raise _bad_port(f"invalid ranges specified for container and host Ports: {port} and {host}", written)
    return [f"{number}/{protocol.lower() or 'tcp'}" for number in range(first, last + 1)]


def _bad_port(message: str, written: str) -> Exception:
    return refuse("port", message, hint="PORT, PORT-PORT, PORT/udp; 0 to 65535", near=written)


def _check_address(address: str, written: str) -> None:
    import ipaddress

    bare = _without_brackets(address, written) if address.startswith("[") else address
    if bare:
        try:
            ipaddress.ip_address(bare.replace("%", " "))  # with a zone it is no address to Go
        except ValueError:
            raise _bad_port(f"invalid IP address: {bare}", written) from None


def _without_brackets(address: str, written: str) -> str:
    """What Go's net.SplitHostPort finds in `[address]`. Raises Refused in its words."""
    end, why = address.find("]"), ""
    if end < 0:
        why = "missing ']' in address"
    elif end + 1 < len(address):
        why = "too many colons in address" if address[end + 1] == ":" else "missing port in address"
    elif "[" in address[1:]:
        why = "unexpected '[' in address"
    if why:
        raise _bad_port(f"invalid IP address {address}: address {address}:: {why}", written)
    return address[1:end]


def _range(text: str, message: str, written: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    begin, end = atoi(first), atoi(last if dash else first)
    if begin is None or end is None or not 0 <= begin <= end <= 65535:
        raise _bad_port(message, written)
    return begin, end


def parse_volume(node: Node) -> Flags:
    if not node.args:
        raise arity(node, "at least one argument")
    flags = check(node.flags, {}) if node.flags else {}
    if not all(word.strip(SPACE) for word in node.args):
        raise refuse("volume", "VOLUME specified can not be an empty string", hint="name a directory, for example `VOLUME /data`")
    return flags


def plan_volume(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """VOLUME: the config's Volumes, nothing else: no directory is made (semantics.md 1.3)."""
    volumes = tuple(stage.expand(word.strip(SPACE)) for word in node.args)
    if "" in volumes:
        raise refuse("volume", "VOLUME specified can not be an empty string", hint="a variable in it is empty")
    stage.config["Volumes"] = {**(stage.config.get("Volumes") or {}), **{volume: {} for volume in volumes}}
    stage.steps.append(Configure(stage.span, stage.text, "VOLUME", (), volumes, stage.onbuild))


def plan_user(stage: StageBuilder, node: Node, flags: Flags) -> None:
    user = stage.expand(node.args[0])
    stage.config["User"] = user
    stage.steps.append(Configure(stage.span, stage.text, "USER", (), (user,), stage.onbuild))


def plan_workdir(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """WORKDIR: relative ones are joined and cleaned, absolute ones stored as they are; created by the current USER."""
    path = stage.expand(node.args[0])
    if stage.shared.watch and not stage.workdir_set and not absolute(path, stage.shared.windows):
        stage.shared.watch.relative_workdir(path)
    stage.workdir_set = True
    # an empty WORKDIR stays where it is; a base image without one begins at /
    joining = windows_join if stage.shared.windows else join
    stage.cwd = joining(stage.config.get("WorkingDir") or stage.cwd, path)
    stage.config["WorkingDir"] = stage.cwd
    created = "" if stage.cwd == "/" or stage.shared.windows else normalised("/", stage.cwd)
    stage.steps.append(MakeDirectory(stage.span, stage.text, stage.cwd, created, stage.user, stage.onbuild))


def plan_maintainer(stage: StageBuilder, node: Node, flags: Flags) -> None:
    stage.steps.append(Configure(stage.span, stage.text, "MAINTAINER", (), tuple(map(mended, node.args)), stage.onbuild))


def parse_onbuild(node: Node) -> Flags:
    """ONBUILD: any instruction but three; what it says is checked only when it is triggered."""
    if not node.child:
        raise arity(node, "at least one argument")
    flags = check(node.flags, {}) if node.flags else {}
    trigger = node.child.keyword.upper()
    if trigger == "ONBUILD":
        raise refuse(
            "onbuild", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", hint="a trigger fires once, in the next build"
        )
    if trigger in ("MAINTAINER", "FROM"):
        raise refuse(
            "onbuild", f"{trigger} isn't allowed as an ONBUILD trigger", hint="any other instruction is", near=node.child.keyword
        )
    return flags


def trigger_text(node: Node) -> str:
    """What is stored in the image: the text behind ONBUILD, here-documents attached again."""
    text = re.sub(rf"(?i)\A[{SPACE}]*ONBUILD[{SPACE}]*", "", node.original)
    return text + "".join(f"\n{heredoc.content}{heredoc.name}" for heredoc in node.heredocs)


def plan_onbuild(stage: StageBuilder, node: Node, flags: Flags) -> None:
    trigger = mended(trigger_text(node))
    stage.config["OnBuild"] = [*(stage.config.get("OnBuild") or ()), trigger]
    stage.steps.append(Configure(stage.span, stage.text, "ONBUILD", (), (trigger,), stage.onbuild))
