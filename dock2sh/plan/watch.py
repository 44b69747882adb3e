"""What the planner tells one who checks: events that BuildKit's rules need and that only planning sees.

They come in BuildKit's order, so that a Dockerfile that is refused has the warnings that docker finds before the refusal.
"""

from typing import Protocol

from dock2sh.dockerfile.syntax import Node
from dock2sh.source import Span


class Ignored(Protocol):
    """The ignore file, as far as a check needs it (plan/ignore.py)."""

    def matches(self, path: str) -> bool:
        """Whether `path`, as its author wrote it but cleaned, or a directory above it is excluded."""

    @property
    def has_exceptions(self) -> bool:
        """Whether it has lines with `!`."""

    @property
    def excludes_everything(self) -> bool:
        """Whether a line excludes all entries of the root."""


class Watch(Protocol):
    """The receiver of events; checks/ implements it, plain planning has none."""

    all_stages: bool
    """Whether stages that the target does not need are to be looked at too, their base images included."""

    def met(self, node: Node) -> None:
        """The next instruction of the file; whether its form is right is not known yet."""

    def accepted(self, node: Node) -> None:
        """The instruction met last is right in itself."""

    def collected(self) -> None:
        """All instructions are right in themselves."""

    def predefined(self, args: dict[str, str]) -> None:
        """The global arguments that are set before any ARG."""

    def unset_in_from(self, node: Node, names: set[str], known: list[str]) -> None:
        """A FROM used arguments that have no value."""

    def platform(self, node: Node, written: str, value: str, matched: set[str], unset: set[str], target: str) -> None:
        """A FROM had `--platform=written`, which came to `value`; `target` is $TARGETPLATFORM."""

    def base_platform(self, span: Span, image: str, expected: str, actual: str) -> None:
        """A base image of another platform than expected."""

    def stage(self, needed: bool) -> None:
        """The instructions of the next stage follow; `needed` unless the target can do without it."""

    def begin(self, node: Node, span: Span) -> None:
        """The next instruction of a stage is evaluated; the events below are about it."""

    def unset(self, names: set[str], known: list[str]) -> None:
        """A word of it used variables that are neither ENV nor ARG."""

    def repeated(self, first: Span) -> None:
        """A second CMD, ENTRYPOINT or HEALTHCHECK of a stage; the one in `first` is ignored."""

    def shell_form(self) -> None:
        """A CMD or ENTRYPOINT in shell form while no SHELL is set."""

    def relative_workdir(self, path: str) -> None:
        """A relative WORKDIR before any other."""

    def variable(self, name: str, legacy: bool) -> None:
        """An ARG, ENV or LABEL of this (expanded) name; `legacy` if a blank stood for the `=`."""

    def port(self, written: str, host: bool, casing: bool) -> None:
        """An EXPOSE argument; `host` if it has a host part, `casing` if its protocol is not in lower case."""

    def copy_source(self, source: str) -> None:
        """A COPY or ADD of `source` from the build context."""

    def finished(self) -> None:
        """Everything is evaluated. Raises Refused if what was found is to count as an error."""
