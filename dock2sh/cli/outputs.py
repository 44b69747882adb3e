"""`-o` and `--push`: where the result of a build goes, in docker's words."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.cli.say import usage

if TYPE_CHECKING:
    from dock2sh.images.store import Stored

_KINDS = "local tar docker oci image registry cacheonly".split()
_HINT = "write DIR, FILE.tar, -, or type=local|tar|docker|oci,dest=PLACE, type=image|registry[,name=NAME], type=cacheonly"


class Output(NamedTuple):
    """One of them. `place` is a path, `-` for standard output, "" where none is needed; `names` are more names for the image."""

    kind: str
    place: str = ""
    names: tuple[str, ...] = ()
    push: bool = False

    @property
    def files(self) -> bool:
        """Whether it is the root file system, and not an image."""
        return self.kind in ("local", "tar")


def outputs(texts: Sequence[str], push: bool) -> list[Output]:
    """What -o and --push say. What is none ends the process."""
    found = [_output(text) for text in texts if text]  # none is what docker takes an empty one for
    if sum(one.place == "-" for one in found) > 1:
        usage("-o: only one result can go to standard output")
    return [*found, *([Output("registry", push=True)] if push else [])]


def _output(text: str) -> Output:
    if not text.startswith("type=") and ",type=" not in text:
        return Output("tar" if text.endswith(".tar") or text == "-" else "local", text)
    words = _words(text)
    kind, place = words.pop("type"), words.pop("dest", "")
    names = tuple(name for name in words.pop("name", "").split(",") if name)
    pushed = words.pop("push", "false") == "true" or kind == "registry"
    if words.pop("tar", "true") != "true" and kind in ("oci", "docker"):
        usage(f"-o {text}: a layout is not written as a directory: `dock2sh save NAME | tar -xC DIR`")
    if kind not in _KINDS:
        usage(f"-o {text}: there is no exporter {kind}; {_HINT}")
    for key, value in words.items():
        _check_more(text, key, value.lower())
    if kind == "local" and place in ("", "-"):
        usage(f"-o {text}: dest=DIR is missing" + ("; standard output takes type=tar" if place else ""))
    check_folder(f"-o {text}", "" if kind == "local" else place)
    return Output(kind, place or ("-" if kind in ("tar", "oci") else ""), names, pushed)


def check_folder(about: str, place: str) -> None:
    """Whether a file can be at `place`, before anything is built; "" and `-` are none."""
    folder = Path(place).absolute().parent
    if place not in ("", "-") and not folder.is_dir():
        usage(f"{about}: there is no directory {folder}")


_PACKED = (
    "layers are gzipped when they are pushed, and plain tars in an archive; skopeo copy --dest-compress-format packs them anew"
)
_AS_IT_IS = {
    "compression": ("gzip", "uncompressed"), "force-compression": ("false",), "rewrite-timestamp": ("false",),
    "push-by-digest": ("false",), "name-canonical": ("false",), "platform-split": ("false",), "oci-mediatypes": ("true",),
    "store": ("true",), "unpack": ("true", "false"), "prefer-nondist-layers": ("false",),
}  # fmt: skip
"""Keys of buildx's with the values that ask for what is so anyhow."""
_CURES = {
    "compression": _PACKED, "compression-level": _PACKED, "force-compression": _PACKED,
    "rewrite-timestamp": "files have the times that they were made at",
    "push-by-digest": "an image is pushed under its names, and its digest is told",
    "registry.insecure": "--insecure HOST:PORT names a registry without TLS",
    "oci-mediatypes": "a manifest has OCI's media types; `docker push` of a saved image has docker's",
    "platform-split": "one platform at a time is built; write -o DIR/PLATFORM",
}  # fmt: skip


def _check_more(text: str, key: str, value: str) -> None:
    if value in _AS_IT_IS.get(key, ()):
        return
    cure = _CURES.get(key)
    if key.startswith("annotation"):
        cure = "manifests have no annotations here. --label is kept in the image's config"
    usage(f"-o {text}: {key}: {cure}" if cure else f"-o {text}: {key} is not known here; {_HINT}")


def _words(text: str) -> dict[str, str]:
    """Fields with commas between, quoted as in CSV."""
    try:
        fields = next(csv.reader([text], strict=True))
    except csv.Error as error:
        usage(f"-o {text}: {error}; {_HINT}")
    return {key.lower(): value for key, _, value in (field.partition("=") for field in fields)}


def write_image(output: Output, image: "Stored", names: Sequence[str]) -> None:
    """The archive that an `oci` or `docker` output with a place is."""
    from dock2sh.cli.save import save_to
    from dock2sh.cli.store import opened_to_read

    save_to(output.place, opened_to_read(), [(image, tuple(names))])


def push_image(names: Sequence[str], insecure: Sequence[str], quiet: bool) -> None:
    """Give the image to the registries that its names say. Raises ImageError."""
    from dock2sh.cli.progress import watching
    from dock2sh.cli.say import note
    from dock2sh.cli.store import opened_to_read
    from dock2sh.images.connections import Ways
    from dock2sh.images.pushing import push
    from dock2sh.images.transfer import Watch

    store = opened_to_read()
    for name in names:
        with watching(quiet) as moved:
            pushed = push(store, name, Ways(insecure), Watch((lambda text: None) if quiet else note, moved))
        if not quiet:
            note(f"{name}: pushed, digest: {pushed.digest}")


def write_metadata(place: str, image: "Stored", names: Sequence[str]) -> None:
    """`--metadata-file`, in buildx's words."""
    from dock2sh.cli.say import json_text, write
    from dock2sh.images.reference import normalise_reference

    about = {"containerimage.config.digest": image.id, "containerimage.digest": image.manifest}
    if names:
        about["image.name"] = ",".join(map(normalise_reference, names))
    write(json_text(about), str(Path(place)))
