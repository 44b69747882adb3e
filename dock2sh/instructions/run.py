"""RUN: a process (semantics.md 1.4 and 1.5)."""

from dock2sh.dockerfile.fields import fields
from dock2sh.dockerfile.flags import Flags, check
from dock2sh.dockerfile.gotext import FALSE, TRUE, broken, did_you_mean, quoted
from dock2sh.dockerfile.heredocs import chomped, heredoc_of
from dock2sh.dockerfile.syntax import Node
from dock2sh.model import Mount, Run, Script, Stage
from dock2sh.plan.builder import StageBuilder
from dock2sh.source import refuse

_DEVICE = "--device=NAME, or --device=NAME,required"
_FLAGS: dict[str, type] = {"mount": list, "network": str, "security": str, "device": list}


def parse_run(node: Node) -> Flags:
    if not node.flags:
        return {}
    flags = check(node.flags, _FLAGS)
    for text in _many(flags, "device"):
        _check_device(text)
    if "mount" in flags:
        from dock2sh.instructions.mounts import check_origin

        for text in _many(flags, "mount"):
            check_origin(text)
    _check_modes(flags)
    return flags


def _check_modes(flags: Flags) -> None:
    network, security = flags.get("network", "default"), flags.get("security", "sandbox")
    if network not in ("default", "none", "host"):
        raise refuse("network", f"invalid network mode {quoted(str(network))}", hint="default, none or host", near=str(network))
    if security not in ("sandbox", "insecure"):
        raise refuse("security", f"security {quoted(str(security))} is not valid", hint="sandbox or insecure", near=str(security))


def _check_device(text: str) -> None:
    """--device: `NAME[,required]`. What BuildKit's parser refuses; the rest only its labs builds take (semantics.md 1.4)."""
    name = ""
    try:
        for field in fields(text):
            name = _device(field, name)
    except ValueError as error:
        raise refuse("device", f"failed to parse csv devices: {error}", near=text, hint=_DEVICE) from None


def _device(field: str, name: str) -> str:
    """The device's name after one more field, which names it, or says whether it is required."""
    key, equals, value = field.partition("=")
    key = key.lower()
    if key == "required":
        if equals and value not in TRUE + FALSE:
            raise refuse("device", f"invalid value for required: {value}", near=field, hint=_DEVICE)
        return name
    if not name:
        return value if equals and key == "name" else field
    message = f"invalid field '{field}' must be a key=value pair"
    if equals and key == "name":
        message = f"device name already set to {name}"
    elif equals:
        message = f"unexpected key '{key}' in '{field}'{did_you_mean(key, ['name', 'required'])}"
    raise refuse("device", message, near=field, hint=_DEVICE)


def _many(flags: Flags, name: str) -> list[str]:
    values = flags.get(name, [])
    assert isinstance(values, list)
    return values


def plan_run(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """RUN: the exec form verbatim; else SHELL and the text, which is never expanded."""
    text, script = _text(node) if node.heredocs else (" ".join(node.args), None)
    shell = () if node.json else stage.shell
    argv = node.args if node.json else (*shell, text)
    if not argv:
        raise refuse("run-empty", "arguments are required", hint='`RUN []` runs nothing; write `RUN ["command", "argument"]`')
    shared = stage.shared
    run = Run(stage.span, stage.text, argv, stage.environment(), stage.cwd, stage.user, shell, (), shared.network,
              onbuild=stage.onbuild, hostname=shared.hostname, hosts=shared.hosts,
              limits=shared.limits, shm=shared.shm)  # fmt: skip
    if "device" in flags:
        message = "device feature is only supported in Dockerfile frontend 1.14.0-labs or later"
        raise refuse("device", message, hint="leave --device out; give devices to the container when it runs", near="--device")
    if flags or script or shared.proxy:
        asked = str(flags.get("network", "default"))
        run = run._replace(
            mounts=_mounts(stage, flags) if "mount" in flags else (),
            network=asked if asked != "default" else shared.network,
            security=str(flags.get("security", "sandbox")),
            script=script,
            proxy=shared.proxy,
        )
    stage.steps.append(run)


def _mounts(stage: StageBuilder, flags: Flags) -> tuple[Mount, ...]:
    from dock2sh.instructions.mounts import mounts_of

    mounts = mounts_of(_many(flags, "mount"), stage)
    agents = 0
    for index, mount in enumerate(mounts):
        if mount.type == "ssh":
            mounts[index] = mount if mount.target else mount._replace(target=f"/run/buildkit/ssh_agent.{agents}")
            agents += 1
    return tuple(mounts)


def _text(node: Node) -> tuple[str, Script | None]:
    """A RUN with here-documents: the body alone, a script file, or everything put together again for the shell."""
    first = node.heredocs[0]
    line = " ".join(node.args)
    if heredoc_of(line) is None:
        return line + "".join(f"\n{doc.content}{doc.name}" for doc in node.heredocs), None
    content = chomped(first.content) if first.chomp else first.content
    if content.startswith("#!"):
        return f"/dev/pipes/{first.name}", Script(first.name, content)
    return content, None


def check_bytes(stages: tuple[Stage, ...]) -> None:
    """Refuse a RUN of a needed stage whose command has bytes that are no UTF-8: BuildKit's messages cannot carry them."""
    for stage in stages:
        for step in stage.steps:
            if isinstance(step, Run) and any(map(broken, step.argv)):
                message = "failed to marshal LLB definition: string field contains invalid UTF-8"
                hint = "save the Dockerfile as UTF-8, or write such a byte as `printf '\\351'`"
                raise refuse("not-utf8", message, (step.span,), hint)


def check_rights(stages: tuple[Stage, ...], allowed: tuple[str, ...]) -> None:
    """Refuse a RUN of a needed stage that asks for a right which docker gives only to who names it (`--allow`)."""
    for stage in stages:
        for step in stage.steps:
            if not isinstance(step, Run):
                continue
            asked = {"network.host": step.network == "host", "security.insecure": step.security == "insecure"}
            for right in (right for right, is_asked in asked.items() if is_asked and right not in allowed):
                hint = f"it would have more of this machine than docker gives a step: --allow {right}, if it may"
                raise refuse("right", f"{right} is not allowed", (step.span,), hint)
