"""`dock2sh FILE`, the same as `dock2sh script FILE`: the main job."""

from typing import Annotated

import typer

from dock2sh.cli.calls import choose, locked, planned
from dock2sh.cli.flags import (
    AddHosts,
    Bases,
    BuildArgs,
    Contexts,
    File,
    Labels,
    Limits,
    LockFile,
    LockMode,
    Network,
    Offline,
    Output,
    PlatformOption,
    Secrets,
    SharedMemory,
    Snapshot,
    Stage,
    Target,
    Where,
)
from dock2sh.cli.say import Complaints, destination, usage, write


def script(
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
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Put the files of the context that are needed into the script.")
    ] = False,
    style: Annotated[
        str, typer.Option("--style", metavar="script|manual", help="manual: what one would type in a container.")
    ] = "script",
    lock: LockMode = "",
    lock_file: LockFile = "",
    snapshot: Snapshot = "",
    output: Output = "",
) -> None:
    """Write the shell script that does what `docker build` does.

    \b
    dock2sh Dockerfile > setup.sh          the context is the Dockerfile's directory
    dock2sh . -o setup.sh                  DIR/Dockerfile, DIR is the context
    dock2sh --bundle . -o setup.sh         one file that needs no context
    dock2sh --style manual Dockerfile      what you would type into `docker run -it IMAGE bash`
    dock2sh --for host . > setup.sh        leaves out what is marked `# dock2sh: only=container` (docs/script.md)
    curl -s URL | dock2sh -                from standard input

    Exit status: 0; 1 the Dockerfile is refused; 2 usage.
    """
    choose("--style", style, ("script", "manual"))
    plan, project, dockerfile = planned(
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
        where=where,
        network=network,
        add_host=add_host,
        ulimit=ulimit,
        shm_size=shm_size,
    )
    if bundle and project.context is None and plan.reads_context():
        usage("--bundle: there is no build context beside `-`. Give it with `-f - DIR`")
    with Complaints(project):
        if style == "manual":
            from dock2sh.emit.manual import manual
            from dock2sh.plan.context import tree

            text = manual(plan, project.name, project.text, dockerfile.escape, tree(project))
        else:
            import dock2sh

            plan, carried = locked(plan, project, target, file, lock, lock_file, snapshot)
            text = dock2sh.script(plan, project, dockerfile.escape, bundle, destination(output), carried)
    write(text, output, project)
