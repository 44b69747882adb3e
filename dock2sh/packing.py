"""Where a bundle and base images meet: the images that a host needs, as files that stand behind setup.sh's last line."""

import gzip
import os
from functools import partial
from typing import BinaryIO, cast

from dock2sh.emulator.bases import Bases
from dock2sh.emulator.contexts import named_contexts
from dock2sh.images import exchange
from dock2sh.images.blobs import write_hashed
from dock2sh.images.reference import normalise_reference
from dock2sh.images.store import Store, Stored, open_store
from dock2sh.model import Plan
from dock2sh.provision import Vendored


def vendored(plan: Plan, bases: Bases, folder: str) -> tuple[Vendored, ...]:
    """Every base image of the plan, packed into `folder` as `docker save | gzip` would; the same image gives the same bytes.

    A directory or repository that --build-context names is none. Raises ImageError.
    """
    store, found = open_store(), list[Vendored]()
    for name, image in bases.of(plan, [*named_contexts(plan, bases.contexts), *plan.repositories]).items():
        path = os.path.join(folder, f"{len(found)}.tar.gz")

        digest, size = write_hashed(path, partial(_pack, store, image, name))
        found.append(Vendored(name, path, size, digest.removeprefix("sha256:")))
    return tuple(found)


def _pack(store: Store, image: Stored, name: str, out: BinaryIO) -> None:
    with gzip.GzipFile("", "wb", 6, out, mtime=0) as packed:
        exchange.save(store, [(image, (normalise_reference(name),))], cast(BinaryIO, packed))
