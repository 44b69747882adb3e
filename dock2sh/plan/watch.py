"""What the planner tells one who checks: events that BuildKit's rules need and that only evaluation sees."""

from typing import Protocol

from dock2sh.dockerfile.syntax import Node
from dock2sh.source import Span


class Watch(Protocol):
    """The receiver of events; checks/ implements it, plain planning has none."""

    def unset(self, node: Node, span: Span, names: set[str], known: list[str]) -> None:
        """`node` used variables that are neither ENV nor ARG."""

    def unset_in_from(self, node: Node, names: set[str], known: list[str]) -> None:
        """A FROM used arguments that are not declared."""

    def platform(self, node: Node, written: str, value: str, matched: set[str], unset: set[str], target: str) -> None:
        """A FROM had `--platform=written`, which came to `value`."""

    def repeated(self, node: Node, first: Span) -> None:
        """A second CMD, ENTRYPOINT or HEALTHCHECK of a stage; `first` is ignored."""

    def shell_form(self, node: Node, span: Span) -> None:
        """A CMD or ENTRYPOINT in shell form while no SHELL is set."""

    def relative_workdir(self, span: Span, path: str) -> None:
        """A relative WORKDIR before any other."""

    def secret_name(self, node: Node, span: Span, name: str) -> None:
        """An ARG or ENV of this (expanded) name."""

    def port(self, span: Span, written: str, host: bool, casing: bool) -> None:
        """An EXPOSE argument with a host part, or with a protocol not in lower case."""

    def copy_source(self, node: Node, span: Span, source: str) -> None:
        """A COPY or ADD of `source` from the build context."""

    def base_platform(self, span: Span, image: str, expected: str, actual: str) -> None:
        """A base image of another platform than expected."""
