"""What `images`, `history` and `inspect` tell of an image: docker's columns, words and JSON. Values in, rows out."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any

from . import ImageError
from .govalues import Duration, Image, Nil, Raw, Typed, raw
from .reference import InvalidReference, parse_reference
from .store import Layer, Stored

Row = dict[str, str]
_MISSING = "<missing>"
_NONE = "<none>"
_NARROWEST = 10
_SHORT = 12  # digits of an id
_ALWAYS: Mapping[str, Any] = {
    "Cmd": None, "Entrypoint": None, "Env": None, "Labels": None, "OnBuild": None, "User": "", "Volumes": None, "WorkingDir": "",
}  # fmt: skip
_CREATED_BY = 45  # characters of the column


def image_rows(
    images: Sequence[Stored], size: Callable[[Stored], int], now: datetime, whole: bool, wanted_names: Sequence[str] = ()
) -> list[Row]:
    """A row for each name (that matches one of `wanted_names`, if any) of each image, by the keys of docker's templates; `whole`:
    nothing is cut."""
    rows = []
    for image in images:
        created, bytes_ = moment(image.config), size(image)
        for repository, tag, digest in _names(image, wanted_names):
            rows.append({
                "Repository": repository, "Tag": tag, "Digest": digest, "ID": image.id if whole else short(image.id),
                "CreatedAt": created.strftime("%Y-%m-%d %H:%M:%S +0000 UTC") if created else "N/A",
                "CreatedSince": ago(created, now), "Size": human(bytes_), "VirtualSize": human(bytes_, 4),
                "SharedSize": "N/A", "UniqueSize": "N/A", "Containers": "0",
            })  # fmt: skip
    return rows


def _names(image: Stored, wanted_names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Repository, tag and digest of each row; a repository that has only digests is shown without a tag."""
    by_repository = {familiar(name).partition("@")[0]: name.partition("@")[2] for name in image.digests}
    for name in image.names:
        if wanted_names and not any(matches(name, pattern) for pattern in wanted_names):
            continue
        repository, _, tag = familiar(name).rpartition(":")
        yield repository, tag, by_repository.get(repository, _NONE)
    tagged = {familiar(name).rpartition(":")[0] for name in image.names}
    for repository, digest in by_repository.items():
        if repository not in tagged and not wanted_names:
            yield repository, _NONE, digest
    if not image.names and not by_repository:
        yield _NONE, _NONE, _NONE


def history_rows(image: Stored, size: Callable[[Layer], int], now: datetime, whole: bool, human_: bool = True) -> list[Row]:
    """A row for each entry of the image's history, the last first, with the size of its layer."""
    layers = iter(image.layers)
    rows = []
    for entry in image.config.get("history") or [{} for _ in image.layers]:
        layer = None if entry.get("empty_layer") else next(layers, None)
        created, bytes_ = moment(entry), size(layer) if layer else 0
        words = str(entry.get("created_by", "")).replace("\t", " ")
        stamp = created.strftime("%Y-%m-%dT%H:%M:%SZ") if created else "N/A"
        rows.append({
            "ID": _MISSING, "CreatedAt": stamp, "CreatedSince": ago(created, now) if human_ else stamp,
            "CreatedBy": words if whole else _cut(words, _CREATED_BY),
            "Size": human(bytes_) if human_ else str(bytes_), "Comment": str(entry.get("comment", "")),
        })  # fmt: skip
    if rows:
        rows[-1]["ID"] = image.id if whole else short(image.id)
    return rows[::-1]


def _cut(text: str, columns: int) -> str:
    """A text that is not wider than that on a terminal; one that was has an ellipsis at its end (docker's Ellipsis)."""
    if _width(text) <= columns:
        return text
    ends = list(accumulate(map(_width, text)))
    return text[: sum(end < columns for end in ends)] + "…"


def _width(text: str) -> int:
    """Columns of a terminal: most characters of East Asia take two."""
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def inspected(image: Stored, size: int, layers: str = "") -> dict[str, Any]:
    """`docker image inspect`'s object. `layers` is where the layers are unpacked."""
    config = image.config
    last: Mapping[str, Any] = next(reversed(config.get("history") or [{}]))
    return {
        "Id": image.id,
        "RepoTags": [familiar(name) for name in image.names],
        "RepoDigests": [familiar(name) for name in image.digests],
        "Parent": "",
        "Comment": str(last.get("comment", "")),
        "Created": config.get("created"),
        "DockerVersion": str(config.get("docker_version", "")),
        "Author": str(config.get("author", "")),
        "Architecture": config.get("architecture", ""),
        "Variant": config.get("variant"),
        "Os": config.get("os", ""),
        "OsVersion": config.get("os.version"),
        "Size": size,
        "GraphDriver": {"Data": _lower(image, layers), "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": [layer.diff_id for layer in image.layers]},
        "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"},
        "Config": config.get("config") or {},
    }


def as_docker_prints(about: Mapping[str, Any]) -> dict[str, Any]:
    """What `inspected` tells, as `docker inspect` prints it: what is not there is left out, or null in the Config."""
    config = {**_ALWAYS, **about["Config"]}
    kept = {key: value for key, value in about.items() if value is not None}
    return {**kept, "Config": _sorted(config)}


_EMPTY = Nil("[]"), Nil("map[]"), Nil("<nil>")
_ZERO: Mapping[str, Any] = {
    "User": "", "ExposedPorts": _EMPTY[1], "Env": _EMPTY[0], "Entrypoint": _EMPTY[0], "Cmd": _EMPTY[0], "Volumes": _EMPTY[1],
    "WorkingDir": "", "Labels": _EMPTY[1], "StopSignal": "", "ArgsEscaped": False, "Healthcheck": _EMPTY[2], "OnBuild": _EMPTY[0],
    "Shell": _EMPTY[0],
}  # fmt: skip
"""The fields of a config in Go's order, and what each is where it is not there."""


def untyped(about: Mapping[str, Any]) -> Raw:
    """What `inspected` tells, as a template sees it that docker could not apply to `for_templates`: its JSON, and no more."""
    return Raw(raw(as_docker_prints(about)))


def for_templates(about: Mapping[str, Any]) -> Image:
    """What `inspected` tells, as a template sees it: a field without a value is "" or an empty list, and not in JSON."""
    kept = {key: value for key, value in about.items() if value is not None and key != "Config"}
    config = {key: about["Config"][key] for key in (*_ZERO, *about["Config"]) if about["Config"].get(key)}
    maps: dict[str, Any] = {key: _sorted(config[key]) for key in ("ExposedPorts", "Volumes", "Labels") if key in config}
    for key in maps.keys() - {"Labels"}:
        maps[key] = {str(name): Typed({}, {}) for name in maps[key]}
    if "Healthcheck" in config:
        maps["Healthcheck"] = _health(config["Healthcheck"])
    objects: dict[str, Any] = {key: Typed(kept.pop(key), {}) for key in ("GraphDriver", "RootFS", "Metadata") if key in kept}
    ordered = {**_taken(kept, "Architecture"), "Config": Typed(config | maps, _ZERO), **kept, **objects}
    return Image(ordered, {**dict.fromkeys(about.keys() - ordered, ""), "VirtualSize": 0})


def _taken(told: dict[str, Any], name: str) -> dict[str, Any]:
    """What stands before that name; it is taken away."""
    names = list(told)
    return {key: told.pop(key) for key in names[: names.index(name) if name in told else 0]}


def _health(told: Mapping[str, Any]) -> Typed:
    times = dict.fromkeys(("Interval", "Timeout", "StartPeriod", "StartInterval"), Duration(0))
    known = {key: Duration(value) if key in times else value for key, value in told.items()}
    return Typed(known, {"Test": _EMPTY[0], **times, "Retries": 0})


def _sorted(value: Any) -> Any:
    """Go writes the keys of maps in order."""
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _lower(image: Stored, layers: str) -> dict[str, str]:
    """The layers' directories, which are there once they are unpacked."""
    places = [f"{layers}/{layer.diff_id.partition(':')[2]}" for layer in reversed(image.layers)]
    return {"UpperDir": places[0] if places else "", "LowerDir": ":".join(places[1:])}


def table(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    """Columns as docker pads them: ten wide at least, three blanks apart, the last as it is. `columns`: heading -> key."""
    cells = [list(columns), *([row[key] for key in columns.values()] for row in rows)]
    widths = [max(10, *(_width(line[column]) + 3 for line in cells)) for column in range(len(columns))]
    widths[-1] = 0
    pairs = (zip(line, widths, strict=True) for line in cells)
    return "".join("".join(cell + " " * (width - _width(cell)) for cell, width in line) + "\n" for line in pairs)


def heading(key: str) -> str:
    """What stands above the column of a key in a table that a template makes, where the columns of the usual table have none."""
    return {"VirtualSize": "SIZE"}.get(key) or re.sub("(?<=[a-z])(?=[A-Z])", " ", key).upper()


def wanted(filters: Sequence[str], images: Sequence[Stored], now: datetime) -> list[Stored]:
    """The images that pass docker's filters (NAME=VALUE): dangling, label, before, since, until, reference; of several references
    one is enough. Raises ImageError."""
    names = patterns(filters)
    left = [image for image in images if not names or any(matches(name, one) for name in image.names for one in names)]
    for text in filters:
        name, equals, value = text.partition("=")
        test = _FILTERS.get(name)
        if name == "reference" and equals:
            continue
        if not equals or test is None:
            raise ImageError(f"invalid filter {text!r}: write NAME=VALUE, where NAME is one of {', '.join(_FILTERS)}, reference")
        left = [image for image in left if test(image, value, images, now)]
    return left


def _label(image: Stored, value: str, images: Sequence[Stored], now: datetime) -> bool:
    key, equals, text = value.partition("=")
    labels = (image.config.get("config") or {}).get("Labels") or {}
    return key in labels and (not equals or labels[key] == text)


def patterns(filters: Sequence[str]) -> list[str]:
    """What filters say of names."""
    return [text.removeprefix("reference=") for text in filters if text.startswith("reference=")]


def matches(name: str, pattern: str) -> bool:
    """Whether a name is meant by a pattern: in its short form, with or without its tag; a * does not go beyond a slash."""
    short_form = familiar(name)
    forms = [form.split("/") for form in (short_form, short_form.rpartition(":")[0])]
    parts = pattern.split("/")
    return any(len(form) == len(parts) and all(map(fnmatchcase, form, parts)) for form in forms)


def _dangling(image: Stored, value: str, images: Sequence[Stored], now: datetime) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise ImageError(f"invalid filter 'dangling={value}': true or false")
    return (not image.names) == (value.lower() in ("true", "1"))


def _before(image: Stored, value: str, images: Sequence[Stored], now: datetime) -> bool:
    return _created(image) < _created(_one(value, images))


def _since(image: Stored, value: str, images: Sequence[Stored], now: datetime) -> bool:
    return _created(image) > _created(_one(value, images))


def _until(image: Stored, value: str, images: Sequence[Stored], now: datetime) -> bool:
    """Made before a moment: a date, seconds since 1970, or a duration that has passed (24h, 90m)."""
    created = moment(image.config)
    if re.fullmatch(r"(\d+(h|m|s))+", value):
        seconds = sum(int(n) * {"h": 3600, "m": 60, "s": 1}[unit] for n, unit in re.findall(r"(\d+)(h|m|s)", value))
        limit = now.timestamp() - seconds
    elif value.isdigit():
        limit = float(value)
    else:
        when = moment({"created": value})
        if not when:
            raise ImageError(f"invalid filter 'until={value}': a date, a duration like 24h, or seconds since 1970")
        limit = when.timestamp()
    return (created.timestamp() if created else 0) < limit


_FILTERS: dict[str, Callable[[Stored, str, Sequence[Stored], datetime], bool]] = {
    "dangling": _dangling, "label": _label, "before": _before, "since": _since, "until": _until,
}  # fmt: skip


def _one(reference: str, images: Sequence[Stored]) -> Stored:
    digits = reference.removeprefix("sha256:")
    for image in images:
        if reference in map(familiar, image.names) or f"{reference}:latest" in map(familiar, image.names):
            return image
        if len(digits) >= 4 and image.id.startswith(f"sha256:{digits}"):
            return image
    raise ImageError(f"no such image: {reference}")


def _created(image: Stored) -> float:
    created = moment(image.config)
    return created.timestamp() if created else 0


def familiar(name: str) -> str:
    """A whole reference as people write it: docker.io/library/debian:12 is debian:12."""
    try:
        whole = parse_reference(name)
    except InvalidReference:
        return name
    path = whole.path.removeprefix("library/") if whole.domain == "docker.io" else f"{whole.domain}/{whole.path}"
    return path + (f":{whole.tag}" if whole.tag and not whole.digest else "") + (f"@{whole.digest}" if whole.digest else "")


def short(image_id: str) -> str:
    return image_id.partition(":")[2][:_SHORT]


def moment(told: Mapping[str, Any]) -> datetime | None:
    """`created` of a config or a history entry; None if it has none (or none that anybody can read)."""
    text = re.sub(r"(\.\d{1,6})\d*", r"\1", str(told.get("created") or "")).replace("Z", "+00:00")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def ago(when: datetime | None, now: datetime) -> str:
    """docker's words for how long ago something was."""
    if when is None or when.year < 1980:
        return "N/A"
    return f"{_duration((now - when).total_seconds())} ago"


def _duration(seconds: float) -> str:
    minutes, hours = int(seconds // 60), int(seconds / 3600 + 0.5)
    if seconds < 60:
        return "Less than a second" if seconds < 1 else _plural(int(seconds), "second")
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    for limit, unit, name in ((24 * 14, 24, "days"), (24 * 60, 24 * 7, "weeks"), (24 * 365 * 2, 24 * 30, "months")):
        if hours < limit:
            return f"{hours // unit} {name}"
    return f"{hours // (24 * 365)} years"


def _plural(number: int, unit: str) -> str:
    return f"{number} {unit}" + ("" if number == 1 else "s")


def human(size: int, digits: int = 3) -> str:
    """Bytes in decimal units and three digits, as docker writes them: 1.98MB."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB", "PB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.{digits}g}{units[0]}"
