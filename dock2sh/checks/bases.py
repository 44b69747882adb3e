"""Rules about FROM: its arguments, its platform, the image that it names."""

from collections.abc import Iterator, Mapping

from dock2sh.checks import rules
from dock2sh.checks.rules import Finding
from dock2sh.dockerfile.gotext import quoted, suggestion
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.dockerfile.words import expand
from dock2sh.source import Refused, Span


def default_arguments(dockerfile: Dockerfile, predefined: Mapping[str, str]) -> Iterator[Finding]:
    """What FROM would name if nobody gave a --build-arg. An expansion that fails ends the rule: the build says it itself."""
    args = dict(predefined)
    declared = arguments(dockerfile)
    try:
        for name, equals, default in declared:
            if equals:
                args[name] = expand(default, args.get, dockerfile.escape)
        for node in dockerfile.nodes:
            if node.keyword.lower() == "from" and not _is_reference(expand(node.args[0], args.get, dockerfile.escape)):
                yield Finding(
                    rules.INVALID_DEFAULT_ARG_IN_FROM, (node.args[0],), _default_cure(node, args), node.args[0], node.span
                )
    except Refused:
        return


def arguments(dockerfile: Dockerfile) -> list[tuple[str, str, str]]:
    """Name, `=` or nothing, default: the words of the ARGs before the first FROM."""
    words = list[tuple[str, str, str]]()
    for node in dockerfile.nodes:
        if node.keyword.lower() != "arg":
            break
        words += [word.partition("=") for word in node.args]
    return words


def _is_reference(text: str) -> bool:
    from dock2sh.images.reference import InvalidReference, parse_reference

    try:
        parse_reference(text)
    except InvalidReference:
        return False
    return True


def _default_cure(node: Node, args: Mapping[str, str]) -> str:
    missing = set[str]()
    expand(node.args[0], args.get, "\\", missing)
    if not missing:
        return "make the default a valid name: NAME[:TAG][@DIGEST], in lower case"
    words = " ".join(f"{name}=VALUE" for name in sorted(missing))
    return f"give a default, before the first FROM: `ARG {words}`"


def undeclared(node: Node, names: set[str], known: list[str]) -> Iterator[Finding]:
    """Arguments that FROM uses and no global ARG declares; one without a value is declared."""
    for name in sorted(names - set(known)):
        near = suggestion(name, known)
        cure = f"write `${near}`" if near else f"put `ARG {name}=VALUE` before the first FROM"
        yield Finding(rules.UNDEFINED_ARG_IN_FROM, (name, f" (did you mean {near}?)" if near else ""), cure, name)


def redundant_platform(node: Node, written: str, value: str, used: tuple[set[str], set[str]], target: str) -> Iterator[Finding]:
    """`--platform=$TARGETPLATFORM`: one variable, that one, and nothing round it."""
    matched, unset = used
    if matched == {"TARGETPLATFORM"} and not unset and value == target:
        cure = f"write `{' '.join([node.keyword, *node.args])}`"
        yield Finding(rules.REDUNDANT_TARGET_PLATFORM, (written,), cure, written)


def constant_platform(node: Node, value: str, used: tuple[set[str], set[str]]) -> Iterator[Finding]:
    """`--platform=linux/arm64`, unless the stage's name tells that it is for that system or architecture."""
    from dock2sh.plan.platforms import parse

    if used[0] or used[1]:
        return
    try:
        platform = parse(value)
    except ValueError:
        return  # the build says it
    name = node.args[2].lower() if len(node.args) == 3 else ""
    if platform.os in name or platform.arch in name:
        return
    plain = " ".join([node.keyword, *node.args])
    named = f"AS {name or 'build'}-{platform.arch}"
    cure = f"write `{plain}` and choose with `docker build --platform={value}`; or name the stage for it, `{named}`"
    yield Finding(rules.FROM_PLATFORM_FLAG_CONST_DISALLOWED, (quoted(value),), cure, f"--platform={value}")


def base_platform(span: Span, image: str, expected: str, actual: str) -> Finding:
    """The image at hand is of another system or architecture than the build."""
    cure = f"build with `--platform={actual}`, or get the image for `{expected}`: `docker pull --platform={expected} {image}`"
    return Finding(rules.INVALID_BASE_IMAGE_PLATFORM, (image, quoted(actual), quoted(expected)), cure, image, span)
