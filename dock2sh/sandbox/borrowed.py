"""An image of layers that docker has already: it is made in no time; importing one takes as long as its files are many."""

import io
import json
import os
import tarfile
from collections.abc import Mapping
from typing import Any

from . import Job, SandboxError
from .process import ask


def borrow(engine: str, job: Job, name: str, labels: Mapping[str, str]) -> bool:
    """Whether docker now has an image of that name with the layers of job.image, and nothing of what that one says of itself.

    An image's id is a digest that its layers' digests went into: who has that id has those files. Of an archive docker opens only
    the layers that it has not. Where it wants all (containerd's store), or has no such image, none is made, and all is as before.
    """
    if not job.image:
        return False
    try:
        told = json.loads(ask([engine, "image", "inspect", job.image], f"{engine} image inspect"))[0]
        if told["Id"] != job.image:
            return False
        with open(os.path.join(job.work, "borrowed.tar"), "xb+") as file:
            file.write(_archive(told, name, labels))
            file.seek(0)
            ask([engine, "load", "--quiet"], f"{engine} load", file)
    except (SandboxError, ValueError, LookupError, TypeError):
        return False
    return True


def _archive(told: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> bytes:
    """What `docker save` writes of an image, without its layers."""
    layers = told["RootFS"]["Layers"]
    config = {
        "architecture": told["Architecture"],
        "os": told["Os"],
        "comment": name,
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": layers},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": [f"{number}.tar" for number in range(len(layers))]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, value in (("config.json", config), ("manifest.json", manifest)):
            data = json.dumps(value).encode()
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()
