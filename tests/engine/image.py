#!/usr/bin/env python3
"""image.py ROOTFS.tar COMMAND NAME:TAG... writes a root file system as a one-layer image, a docker archive, to standard output.

The same bytes always, so that the image has the same id in every engine.
"""

import datetime
import hashlib
import io
import json
import os
import sys
import tarfile
from typing import BinaryIO

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def write(layer: io.BufferedReader, command: list[str], names: list[str], out: BinaryIO, epoch: int) -> None:
    """The archive of `layer` with that Cmd, under those names."""
    digest = hashlib.file_digest(layer, "sha256").hexdigest()
    size = layer.tell()
    layer.seek(0)
    created = datetime.datetime.fromtimestamp(epoch, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {"Env": [PATH], "Cmd": command},
        "history": [{"created": created, "created_by": f"home-made {names[0].partition(':')[0]}"}],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    config = json.dumps(about, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": names, "Layers": [f"{digest}/layer.tar"]}]).encode()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in ((config_name, config), ("manifest.json", manifest)):
            archive.addfile(_member(path, len(content), epoch), io.BytesIO(content))
        archive.addfile(_member(f"{digest}/layer.tar", size, epoch), layer)


def _member(path: str, size: int, epoch: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.size, info.mtime = size, epoch
    return info


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as rootfs:
        write(rootfs, [sys.argv[2]], sys.argv[3:], sys.stdout.buffer, int(os.environ.get("SOURCE_DATE_EPOCH", "1750000000")))
