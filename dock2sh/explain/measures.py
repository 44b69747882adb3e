"""What a build was seen to do, in sentences and numbers: at each instruction, and as an account of the whole."""

from collections import Counter
from collections.abc import Iterator, Sequence

from dock2sh.explain.language import Text, code, joined, listed, say
from dock2sh.explain.measured import Change, Measured, Measurement, Package
from dock2sh.explain.tree import Account, Measures, Part, Place
from dock2sh.model import Plan

_PLACES = 6
_PACKAGES = 15
_MANAGERS = {"dpkg": "Debian", "apk": "Alpine", "rpm": "RPM", "pip": "Python", "npm": "npm", "gem": "Ruby"}


def by_line(measurement: Measurement) -> dict[int, list[Measures]]:
    """The steps by the line of their instruction: a FROM has those of ONBUILD."""
    found: dict[int, list[Measures]] = {}
    for step in measurement.steps:
        found.setdefault(step.line, []).append(_measures(step))
    return found


def _measures(step: Measured) -> Measures:
    counts = Counter(change.kind for change in step.changes)
    says = (*_time(step), *_files(step, counts), *_packages(step.packages))
    return Measures(
        step.text, says, step.seconds, step.cached, step.failed, step.printed, step.size, counts["A"], counts["C"], counts["D"],
        tuple(_places(step.changes)), step.packages, step.changes,
    )  # fmt: skip


def _time(step: Measured) -> Iterator[Text]:
    if step.failed:
        yield say("It failed: {why}", why=step.failed)
    elif step.seconds is None:
        yield say("It came from the cache; how long it took is not known.")
    elif step.cached:
        yield say("It took {seconds} s when it was run; now it came from the cache.", seconds=f"{step.seconds:.1f}")
    else:
        yield say("It took {seconds} s.", seconds=f"{step.seconds:.1f}")


def _files(step: Measured, counts: "Counter[str]") -> Iterator[Text]:
    if step.failed:
        return
    if not step.changes:
        yield say("No file changed: the layer is empty.")
        return
    kinds = [
        *([say("{count} added", count=f"{counts['A']:,}")] if counts["A"] else []),
        *([say("{count} changed", count=f"{counts['C']:,}")] if counts["C"] else []),
        *([say("{count} removed", count=f"{counts['D']:,}")] if counts["D"] else []),
    ]
    yield say("Files and directories: {kinds}; the layer has {size}.", kinds=joined(kinds), size=amount(step.size))
    twice = [change for change in step.changes if change.same and change.size]
    if sum(change.size for change in twice) >= 1_000_000:
        yield say(
            "Of {count} files only the owner or the mode changed; they are in the image twice for it: {size} more.",
            count=f"{len(twice):,}",
            size=amount(sum(change.size for change in twice)),
        )


def _packages(packages: Sequence[Package]) -> Iterator[Text]:
    for manager, name in _MANAGERS.items():
        own = [package for package in packages if package.manager == manager]
        new = [f"{package.name} {package.after}" for package in own if package.after and not package.before]
        moved = [f"{package.name} {package.before} → {package.after}" for package in own if package.after and package.before]
        gone = [f"{package.name} {package.before}" for package in own if not package.after]
        if new:
            yield say("Packages installed ({kind}, {count}): {names}.", kind=name, count=len(new), names=listed(new, _PACKAGES))
        if moved:
            yield say("Packages in another version ({kind}): {names}.", kind=name, names=listed(moved, _PACKAGES))
        if gone:
            yield say("Packages removed ({kind}, {count}): {names}.", kind=name, count=len(gone), names=listed(gone, _PACKAGES))


def _places(changes: Sequence[Change]) -> Iterator[Place]:
    """The directories, at most three deep, in which most bytes are; nothing where there are only a few files."""
    files, sizes = Counter[str](), Counter[str]()
    for change in changes:
        if change.kind != "D":
            place = "/".join(change.path.split("/")[:-1][:4]) or "/"
            files[place] += 1
            sizes[place] += change.size
    if len(files) < 2:
        return
    for place, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_PLACES]:
        if size:
            yield Place(place, files[place], size)


def account(measurement: Measurement, plan: Plan) -> Account:
    """The whole: base image and layers with their sizes, and what of them is of no use."""
    chain = [stage.key for stage in plan.chain()]
    bases = dict(measurement.bases)
    parts = list[Part]()
    for stage in plan.stages:
        own = stage.key in chain
        if stage.key in bases:
            parts.append(Part(stage.span.first, f"FROM {stage.base}", bases[stage.key], None, own))
        parts += [
            Part(step.line, step.text, step.size, step.seconds, own) for step in measurement.steps if step.stage == stage.key
        ]
    return Account(tuple(_whole(measurement, parts)), tuple(parts))


def _whole(measurement: Measurement, parts: Sequence[Part]) -> Iterator[Text]:
    if any(step.failed for step in measurement.steps):
        yield say("The build stopped; what is below is what was done until then.")
    else:
        size = sum(part.size for part in parts if part.result)
        base = sum(part.size for part in parts if part.result and part.name.startswith("FROM "))
        yield say(
            "The image has {size} of files: {base} of its base image, {own} of its own layers.",
            size=amount(size),
            base=amount(base),
            own=amount(size - base),
        )
    known = [part.seconds for part in parts if part.seconds is not None]
    if known:
        yield say("Its steps took {seconds} s together.", seconds=f"{sum(known):.1f}")
    if measurement.idle:
        yield say(
            "{size} of it is of no use: files that a later line deletes or writes again stay in the layers below."
            " The largest: {names}.",
            size=amount(measurement.idle),
            names=joined(
                [(*code(change.path), *say(" ({size})", size=amount(change.size))) for change in measurement.hidden[:5]]
            ),
        )


def amount(size: int) -> str:
    """Bytes as docker writes them: 117MB is 117 million."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
