"""`dock2sh plan`: what a Dockerfile comes to."""

from dock2sh.cli.calls import choose, planned
from dock2sh.cli.flags import (
    AddHosts,
    Bases,
    BuildArgs,
    Contexts,
    File,
    Format,
    Labels,
    Limits,
    Network,
    Offline,
    Output,
    PlatformOption,
    Secrets,
    SharedMemory,
    Stage,
    Target,
    Where,
)
from dock2sh.cli.say import json_text, write


def plan(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    label: Labels = None,
    base: Bases = None,
    build_context: Contexts = None,
    network: Network = "default",
    add_host: AddHosts = None,
    ulimit: Limits = None,
    shm_size: SharedMemory = "",
    secret: Secrets = None,
    offline: Offline = False,
    where: Where = "container",
    format: Format = "text",
    output: Output = "",
) -> None:
    """Print the evaluated plan: stages, steps, the image config.

    \b
    dock2sh plan .                         to read
    dock2sh plan --format json Dockerfile  the documented schema (docs/plan.md)
    """
    choose("--format", format, ("text", "json"))
    plan, project, _ = planned(
        target,
        file,
        build_arg,
        stage,
        platform,
        label,
        base,
        build_context,
        offline,
        secret,
        format,
        where=where,
        network=network,
        add_host=add_host,
        ulimit=ulimit,
        shm_size=shm_size,
    )
    if format == "json":
        from dock2sh.emit.plan_json import plan_object

        write(json_text(plan_object(plan)), output, project)
    else:
        from dock2sh.emit.plan_text import plan_text

        write(plan_text(plan, project.name), output, project)
