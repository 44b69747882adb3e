"""What a registry has sent of an image that the store has in another form: it goes back with the digest that it came with.

An engine's image, which is copied with layers that are not compressed, and the same one from a registry have one id and two
manifests. The store keeps one of them. docker and skopeo push what they pulled with the digest that it had, and so does this, to
the registry that it came from: that has the compressed layers.
"""

import json

from .reference import Reference
from .registry import Answer, Registry
from .store import Store, Stored


def note(store: Store, image: Stored, wanted: Reference, answer: Answer) -> None:
    """Remember the manifest that `wanted` has there, if it is not the image's own."""
    if answer.digest != image.manifest:
        told = {"host": wanted.domain, "path": wanted.path, "kind": answer.media_type, "text": answer.data.decode("latin-1")}
        store.remember(_key(image), told)


def as_it_came(registry: Registry, store: Store, image: Stored) -> tuple[bytes, str] | None:
    """The manifest that this registry has sent for the image, and its media type, if the repository has all its blobs now, where
    they came from or there already; None otherwise."""
    memory = store.recall(_key(image))
    if not memory or memory.value["host"] != registry.host:
        return None
    data = memory.value["text"].encode("latin-1")
    told = json.loads(data)
    for blob in (*told["layers"], told["config"]):
        if not (registry.has(blob["digest"]) or registry.mount(blob["digest"], memory.value["path"])):
            return None
    return data, memory.value["kind"]


def _key(image: Stored) -> str:
    return "sent" + image.id.partition(":")[2]
