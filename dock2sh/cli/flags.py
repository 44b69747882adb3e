"""The flags that several commands have, each written once, in docker's names and meanings."""

from typing import Annotated

import typer

Target = Annotated[str, typer.Argument(metavar="FILE|DIR|-", help="A Dockerfile, a build context, or - for standard input.")]
File = Annotated[str, typer.Option("-f", "--file", metavar="FILE", help="The Dockerfile, where DIR is the build context.")]
BuildArgs = Annotated[
    list[str] | None,
    typer.Option("--build-arg", metavar="NAME[=VALUE]", help="A build argument; without VALUE the environment's."),
]
Stage = Annotated[str, typer.Option("--target", metavar="STAGE", help="The stage to build (default: the last).")]
PlatformOption = Annotated[str, typer.Option("--platform", metavar="OS/ARCH", help="The platform to build for.")]
Labels = Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label for the image.")]
Bases = Annotated[
    list[str] | None,
    typer.Option("--base", metavar="NAME=SOURCE", help="A base image: a tar, a directory, an OCI layout, docker-image://REF."),
]
Contexts = Annotated[
    list[str] | None, typer.Option("--build-context", metavar="NAME=SOURCE", help="A named build context, as docker's.")
]
Network = Annotated[
    str, typer.Option("--network", metavar="default|none|host", help="The network of every RUN that does not say its own.")
]
AddHosts = Annotated[
    list[str] | None, typer.Option("--add-host", metavar="NAME:ADDRESS", help="Every RUN finds it in its /etc/hosts.")
]
Limits = Annotated[
    list[str] | None,
    typer.Option("--ulimit", metavar="NAME=SOFT[:HARD]", help="A limit of every process, as setrlimit(2) has them; -1 is none."),
]
SharedMemory = Annotated[str, typer.Option("--shm-size", metavar="BYTES", help="How big /dev/shm is, for example 1g.")]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="network.host|security.insecure", help="A right that a RUN may ask for, as docker's."),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", metavar="id=ID,src=FILE", help="Accepted as docker's; the script takes it when it runs, and holds none."
    ),
]
Where = Annotated[
    str,
    typer.Option(
        "--for", metavar="container|host", help="The machine that it is for: `# dock2sh: only=host` and the like count."
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no engine for base images: assume docker's defaults.")]
Output = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="Write there (only when all went well) instead of to stdout.")
]
Format = Annotated[str, typer.Option("--format", metavar="FORMAT", help="How to print it.")]
LockMode = Annotated[
    str,
    typer.Option(
        "--lock",
        metavar="strict|prefer|off",
        help="What dock2sh.lock is worth: exactly that or stop, that where it can be had, nothing. strict where there is one.",
    ),
]
LockFile = Annotated[str, typer.Option("--lock-file", metavar="FILE", help="The lock, instead of the one beside the Dockerfile.")]
Vendor = Annotated[
    str,
    typer.Option("--vendor", metavar="DIR", help="Files that `dock2sh lock --vendor` has kept: taken instead of fetched."),
]
Snapshot = Annotated[
    str,
    typer.Option(
        "--snapshot",
        metavar="URL|off",
        help="Where old versions of an archive are: URL/archive/NAME/TIME, instead of the known ones.",
    ),
]
