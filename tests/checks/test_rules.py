"""Every rule once: a Dockerfile in which it fires, one in which it does not, and `skip` in the head and above the instruction.

The messages and the lines are BuildKit's (measured with its own frontend); the hints are ours.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest

import dock2sh
from dock2sh.checks import check
from dock2sh.checks.rules import RULES
from dock2sh.model import Base
from dock2sh.plan.evaluate import Options
from dock2sh.plan.platforms import Platform
from dock2sh.source import Diagnostic

FindBase = Callable[[str, Platform], Base]


def find(reference: str, platform: Platform) -> Base:
    """An image that fits, with a PATH."""
    return Base({"architecture": platform.arch, "os": platform.os, "config": {"Env": ["PATH=/bin"]}})


def of_arm(reference: str, platform: Platform) -> Base:
    return Base({"architecture": "arm64", "os": "linux", "variant": "v8"})


class Ignore(NamedTuple):
    """An ignore file of plain names."""

    names: tuple[str, ...]
    has_exceptions: bool = False
    excludes_everything: bool = False

    def matches(self, path: str) -> bool:
        return self.excludes_everything or path in self.names


AMD64 = Options(platform="linux/amd64")
IGNORE = Ignore(("secret.txt",))


def found(text: str, options: Options = AMD64, base: FindBase = find, ignore: Ignore | None = IGNORE) -> tuple[Diagnostic, ...]:
    return check(dock2sh.parse(text), options, base, ignore)


def names(text: str, base: FindBase = find) -> list[str]:
    return [diagnostic.code for diagnostic in found(text, base=base)]


class Story(NamedTuple):
    """A rule, a Dockerfile in which it fires, where and with which words, part of its hint, and a cured Dockerfile."""

    rule: str
    text: str
    line: int
    message: str
    hint: str
    cured: str
    by_comment: bool = True
    base: FindBase = find


STORIES = [
    Story(
        "StageNameCasing", "FROM a AS Foo\n", 1, "Stage name 'Foo' should be lowercase", "write `FROM a AS foo`",
        "FROM a AS foo\n",
    ),
    Story(
        "FromAsCasing", "FROM a as b\n", 1, "'as' and 'FROM' keywords' casing do not match", "write `FROM a AS b`",
        "from a as b\n",
    ),
    Story(
        "NoEmptyContinuation", "FROM a\nRUN b \\\n\n c\n", 4, "Empty continuation line", "delete line 3",
        "FROM a\nRUN b \\\n#\n c\n", by_comment=False,
    ),
    Story(
        "ConsistentInstructionCasing", "FROM a\nRun b\n", 2,
        "Command 'Run' should match the case of the command majority (uppercase)", "write `RUN b`",
        "from a\nrun b\n", by_comment=False,
    ),
    Story(
        "DuplicateStageName", "FROM a AS b\nFROM a AS b\n", 2, 'Duplicate stage name "b", stage names should be unique',
        "line 1 has this one", "FROM a AS b\nFROM a AS c\n", by_comment=False,
    ),
    Story(
        "ReservedStageName", "FROM a AS context\n", 1, 'Stage name should not use the same name as reserved stage "context"',
        "means the build context", "FROM a AS contexts\n", by_comment=False,
    ),
    Story(
        "JSONArgsRecommended", "FROM a\nCMD node server.js\n", 2,
        "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals",
        'write `CMD ["node", "server.js"]`', 'FROM a\nSHELL ["/bin/sh", "-c"]\nCMD node server.js\n',
    ),
    Story(
        "MaintainerDeprecated", "FROM a\nMAINTAINER me\n", 2, "Maintainer instruction is deprecated in favor of using label",
        'write `LABEL org.opencontainers.image.authors="me"`', "FROM a\nLABEL org.opencontainers.image.authors=me\n",
    ),
    Story(
        "UndefinedArgInFrom", "ARG VERSION=1\nFROM a:${VERSOIN:-1}\n", 2,
        "FROM argument 'VERSOIN' is not declared (did you mean VERSION?)", "write `$VERSION`",
        "ARG VERSION\nFROM a:${VERSION:-1}\n",
    ),
    Story(
        "WorkdirRelativePath", "FROM a\nWORKDIR app/../b\n", 2,
        'Relative workdir "app/../b" can have unexpected results if the base image changes', "`WORKDIR /b`",
        "FROM a\nWORKDIR /\nWORKDIR app\n",
    ),
    Story(
        "UndefinedVar", "FROM a\nENV FOO=1\nRUN x\nUSER $FO\n", 4, "Usage of undefined variable '$FO' (did you mean $FOO?)",
        "write `$FOO`, or `\\$FO` for the text itself", "FROM a\nARG FO\nUSER $FO\n",
    ),
    Story(
        "MultipleInstructionsDisallowed", "FROM a\nHEALTHCHECK NONE\n#\nHEALTHCHECK CMD x\n", 2,
        "Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used",
        "delete it: the `HEALTHCHECK` of line 4", "FROM a\nHEALTHCHECK NONE\nFROM a\nHEALTHCHECK CMD x\n", by_comment=False,
    ),
    Story(
        "LegacyKeyValueFormat", "FROM a\nLABEL about a b\n", 2,
        '"LABEL key=value" should be used instead of legacy "LABEL key value" format', 'write `LABEL about="a b"`',
        'FROM a\nLABEL about="a b"\n',
    ),
    Story(
        "InvalidBaseImagePlatform", "FROM a\n", 1,
        'Base image a was pulled with platform "linux/arm64/v8", expected "linux/amd64" for current build',
        "docker pull --platform=linux/amd64 a", "FROM scratch\n", by_comment=False, base=of_arm,
    ),
    Story(
        "RedundantTargetPlatform", "FROM --platform=$TARGETPLATFORM a\n", 1,
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
        "write `FROM a`", "FROM --platform=$BUILDPLATFORM a\n",
    ),
    Story(
        "SecretsUsedInArgOrEnv", "FROM a\nARG db_password\n", 2,
        'Do not use ARG or ENV instructions for sensitive data (ARG "db_password")', "--mount=type=secret,id=db_password",
        "FROM a\nARG DB_PASSWORD_FILE PUBLIC_KEY keyboard\n",
    ),
    Story(
        "InvalidDefaultArgInFrom", "ARG TAG\nFROM a:$TAG\n", 2,
        "Default value for ARG a:$TAG results in empty or invalid base image name", "`ARG TAG=VALUE`",
        "ARG TAG=1\nFROM a:$TAG\n", by_comment=False,
    ),
    Story(
        "FromPlatformFlagConstDisallowed", "FROM --platform=linux/arm64 a\n", 1,
        'FROM --platform flag should not use constant value "linux/arm64"', "write `FROM a`",
        "FROM --platform=linux/arm64 a AS for-arm64\n",
    ),
    Story(
        "CopyIgnoredFile", "FROM a\nADD ./secret.txt /\n", 2,
        'Attempting to Add file "secret.txt" that is excluded by .dockerignore', "add `!secret.txt` below it",
        "FROM a AS b\nFROM a\nCOPY --from=b secret.txt /\n",
    ),
    Story(
        "InvalidDefinitionDescription", "# check=experimental=all\n# what it is\nFROM a AS b\n", 3,
        "Comment for FROM should follow the format: `# b <description>`", "write `# b what it is`",
        "# check=experimental=all\n# b is it\nFROM a AS b\n", by_comment=False,
    ),
    Story(
        "ExposeProtoCasing", "FROM a\nEXPOSE 80/UDP\n", 2, "Defined protocol '80/UDP' in EXPOSE instruction should be lowercase",
        "write `EXPOSE 80/udp`", "FROM a\nEXPOSE 80/udp\n",
    ),
    Story(
        "ExposeInvalidFormat", "FROM a\nEXPOSE 127.0.0.1:80:8080\n", 2,
        "EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:8080'",
        "write `EXPOSE 8080`, and publish it with `docker run -p 127.0.0.1:80:8080`", "FROM a\nEXPOSE 8080\n",
    ),
]  # fmt: skip

each = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.rule)


def test_every_rule_has_its_story() -> None:
    assert sorted(story.rule for story in STORIES) == sorted(RULES)
    assert len(RULES) == 22


@each
def test_fires(story: Story) -> None:
    warnings = [diagnostic for diagnostic in found(story.text, base=story.base) if diagnostic.code == story.rule]
    assert [(warning.spans[0].first, warning.message) for warning in warnings] == [(story.line, story.message)]
    assert story.hint in warnings[0].hint
    assert warnings[0].severity == "warning"
    assert warnings[0].url == RULES[story.rule].url


@each
def test_is_silent_once_cured(story: Story) -> None:
    assert story.rule not in names(story.cured, story.base)


@each
def test_skipped_in_the_head(story: Story) -> None:
    text = story.text.removeprefix("# check=experimental=all\n")  # an experimental rule is silent until it is asked for
    assert story.rule not in names(f"# check=skip={story.rule}\n{text}", story.base)
    assert not any(name in RULES for name in names(f"# check=skip=all\n{text}", story.base))


@each
def test_skipped_above_the_instruction(story: Story) -> None:
    """Rules about the whole file, and the one about the base image, do not read such comments."""
    lines = story.text.splitlines(keepends=True)
    at = 1 if story.rule == "NoEmptyContinuation" else story.line - 1
    commented = "".join([*lines[:at], f"#\n# check=skip={story.rule}\n", *lines[at:]])
    assert (story.rule not in names(commented, story.base)) == story.by_comment


def test_urls() -> None:
    assert RULES["JSONArgsRecommended"].url.endswith("/rule/json-args-recommended/")
    assert RULES["SecretsUsedInArgOrEnv"].url.endswith("/rule/secrets-used-in-arg-or-env/")
    assert RULES["InvalidBaseImagePlatform"].url == ""  # docker has no page for it


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        # a variable is told once for each word that uses it
        ("FROM a\nCOPY $x $x\n", {"UndefinedVar": 2}),
        ("FROM a\nCOPY <<F /\n$x\nF\n", {"UndefinedVar": 1}),
        ("FROM a\nRUN --mount=type=cache,target=/c$x $y\n", {"UndefinedVar": 1}),
        ("FROM a\nEXPOSE ${x:-80}\n", {}),
        ("FROM a\nARG BUILDKIT_SBOM_SCAN_STAGE\nUSER $BUILDKIT_SBOM_SCAN_STAGE\n", {}),
        # a global ARG without a value is declared
        ("ARG x\nFROM a${x}\n", {}),
        ("FROM a${x}\n", {"UndefinedArgInFrom": 1}),
        ("FROM --platform=${x:-linux/arm64} a\n", {"UndefinedArgInFrom": 1}),
        ("FROM --platform=linux/$TARGETARCH a\n", {}),
        # who is in the majority; ARG before FROM does not count
        ("arg x\narg y\narg z\nFROM a\n", {}),
        ("from a\nRUN b\n", {"ConsistentInstructionCasing": 1}),
        ("FrOm a As b\n", {"ConsistentInstructionCasing": 1}),
        # what a trigger does is judged at the child's FROM
        ("FROM a AS b\nONBUILD USER $x\nFROM b\n", {"UndefinedVar": 1}),
        ("FROM a AS b\nONBUILD WORKDIR c\nONBUILD WORKDIR d\nFROM b\n", {"WorkdirRelativePath": 1}),
        # a directory of the parent stage is one
        ("FROM a AS b\nWORKDIR /c\nFROM b\nWORKDIR d\n", {}),
        ("FROM a\nCMD []\n", {}),
        ("FROM a\nCOPY . /x\nCOPY / /y\n", {}),
        # a stage that nobody needs is looked at too
        ("FROM a AS b\nUSER $x\nFROM a\n", {"UndefinedVar": 1}),
    ],
)
def test_fine_print(text: str, rules: dict[str, int]) -> None:
    assert Counter(names(text)) == rules


def test_stages_that_a_target_does_not_need_are_left_alone() -> None:
    assert found("FROM a AS b\nUSER $x\nFROM a AS c\n", Options(target="c")) == ()


def test_only_the_target_of_a_build_argument_is_judged_as_given() -> None:
    warnings = found("ARG TAG\nFROM a:$TAG\n", Options({"TAG": "1"}))
    assert [warning.code for warning in warnings] == ["InvalidDefaultArgInFrom"]


@pytest.mark.parametrize(
    ("ignore", "source", "fires"),
    [
        (None, "secret.txt", False),
        (IGNORE, "other", False),
        (IGNORE, "./x/../secret.txt", True),
        (IGNORE._replace(has_exceptions=True), "secret.txt", False),
        (Ignore((), excludes_everything=True), ".", True),
    ],
)
def test_the_ignore_file(ignore: Ignore | None, source: str, fires: bool) -> None:
    assert bool(found(f"FROM a\nCOPY {source} /x\n", ignore=ignore)) == fires


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("FROM a\nCMD exec node | tee log\n", '`SHELL ["/bin/sh", "-c"]` above it'),
        ("FROM a\nENV A b\n", "write `ENV A=b`"),
        ("FROM a\nENV A b 'c  d'\n", "write `ENV A=…`"),
        ("FROM a\nRUN b \\\n\n\n c\n", "delete lines 3, 4"),
        ("FROM a\nUSER $x\n", "put `ARG x` or `ENV x=VALUE` above it"),
        ("# escape=`\nFROM a\nUSER $x\n", "`$x"),
        ("FROM a\nENV AAB=1\nENV AAC=1\nENV AAB=2\nENV X=$AAD\n", "write `$AAC`"),  # AAB was set later
    ],
)
def test_hints(text: str, hint: str) -> None:
    assert hint in found(text)[0].hint


def test_a_base_image_that_is_not_at_hand_gives_no_false_alarm() -> None:
    def unknown(reference: str, platform: Platform) -> Base:
        return Base({"architecture": platform.arch, "os": platform.os}, known=False)

    assert found("FROM a\nUSER $NODE_USER\nWORKDIR $HOME\n", base=unknown) == ()
