"""The index of a store: which images there are and what they are called, as entries of an OCI index. Pure: values in, values out.

An image has an entry for each of its names, or one without a name. An entry is a descriptor of the image's manifest; the name is
in the annotation that skopeo and containerd look at. A name with a digest is where the image came from or went to (docker's
RepoDigests). A copy of what an engine has is no image of ours: its name is only kept under `COPY`.
"""

import platform as machine
from collections.abc import Iterable, Mapping
from typing import Any

from .reference import parse_reference

Entry = Mapping[str, Any]

NAME = "org.opencontainers.image.ref.name"
CONTAINERD = "io.containerd.image.name"
COPY = "dock2sh.copy-of"
INDEX = "application/vnd.oci.image.index.v1+json"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}


def index(entries: Iterable[Entry]) -> dict[str, Any]:
    """The whole index, sorted, so that the same images give the same bytes."""
    ordered = sorted(entries, key=lambda entry: (name_of(entry), copy_of(entry), entry["digest"]))
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": ordered}


def name_of(entry: Entry) -> str:
    return str((entry.get("annotations") or {}).get(NAME, ""))


def copy_of(entry: Entry) -> str:
    return str((entry.get("annotations") or {}).get(COPY, ""))


def named(descriptor: Entry, name: str) -> Entry:
    """The entry of a manifest (`digest`, `size`, `mediaType`, `platform`) that is called `name`; "" is nameless."""
    bare = {key: value for key, value in descriptor.items() if key != "annotations"}
    return {**bare, "annotations": {NAME: name, CONTAINERD: name}} if name else bare


def with_name(entries: list[Entry], descriptor: Entry, name: str) -> list[Entry]:
    """The entries, where `name` is (for that platform) the image of `descriptor` and nobody else's."""
    rest = [entry for entry in entries if name_of(entry) != name or not same_platform(entry, descriptor)]
    lost = [entry for entry in entries if entry not in rest]
    return [*without_placeholder(keep_images(rest, lost), descriptor), named(descriptor, name)]


def with_copy(entries: list[Entry], descriptor: Entry, reference: str) -> list[Entry]:
    """The entries, where `descriptor` is the copy of what an engine calls `reference`."""
    rest = [entry for entry in entries if copy_of(entry) != reference or not same_platform(entry, descriptor)]
    return [*rest, {**named(descriptor, ""), "annotations": {COPY: reference}}]


def without_name(entries: list[Entry], name: str, digest: str) -> list[Entry]:
    """The entries without that name of that manifest, which stays as a nameless one."""
    rest = [entry for entry in entries if (name_of(entry), entry["digest"]) != (name, digest)]
    return keep_images(rest, [entry for entry in entries if entry not in rest])


def keep_images(rest: list[Entry], lost: list[Entry]) -> list[Entry]:
    """An image that has lost its last name becomes nameless: only removing it removes it."""
    kept = {entry["digest"] for entry in rest}
    return [*rest, *({entry["digest"]: named(entry, "") for entry in lost if entry["digest"] not in kept}.values())]


def without_placeholder(entries: list[Entry], descriptor: Entry) -> list[Entry]:
    """An image that gets a name has no entry without one any more."""
    digest = descriptor["digest"]
    return [entry for entry in entries if entry["digest"] != digest or name_of(entry) or copy_of(entry)]


def without(entries: list[Entry], digest: str) -> list[Entry]:
    return [entry for entry in entries if entry["digest"] != digest]


def names(entries: Iterable[Entry]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and the digest references of an image's entries."""
    found = sorted({name for entry in entries if (name := name_of(entry))})
    tags = [name for name in found if not parse_reference(name).digest]
    return tuple(tags), tuple(name for name in found if name not in tags)


def platform_of(config: Mapping[str, Any]) -> dict[str, str]:
    """The platform of an image's config, as a descriptor has it."""
    keys = {"os": "linux", "architecture": this_architecture(), "variant": "", "os.version": ""}
    return {key: str(value) for key, default in keys.items() if (value := config.get(key) or default)}


def this_architecture() -> str:
    """This machine's, in docker's words."""
    return _ARCHITECTURES.get(machine.machine(), machine.machine())


def same_platform(one: Entry, other: Entry) -> bool:
    return fits(one, text_of(other.get("platform") or {})) and fits(other, text_of(one.get("platform") or {}))


def text_of(platform: Mapping[str, str]) -> str:
    """`linux/arm/v7`; docker leaves out arm64's only variant."""
    os, architecture, variant = (platform.get(key, "") for key in ("os", "architecture", "variant"))
    return "/".join(filter(None, (os, architecture, "" if (architecture, variant) == ("arm64", "v8") else variant)))


def fits(entry: Entry, wanted: str) -> bool:
    """Whether an entry's image is for the platform `wanted`; an entry that does not say is for any."""
    if not wanted or not entry.get("platform"):
        return True
    told = text_of(entry["platform"]).split("/")
    asked = wanted.removesuffix("/v8").split("/") if "arm64" in wanted else wanted.split("/")
    return told[: len(asked)] == asked


def preferred(entries: list[Entry], platform: str) -> Entry | None:
    """The one for `platform`; without one, this machine's, else the first."""
    fitting = [entry for entry in entries if fits(entry, platform)]
    here = [entry for entry in fitting if fits(entry, f"linux/{this_architecture()}")]
    return next(iter(here or fitting), None)
