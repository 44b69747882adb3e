"""The planner's events, judged: which rule fires, whether it is skipped, what is kept (plan/watch.py)."""

from collections.abc import Iterable, Mapping

from dock2sh.checks import bases, forms, steps
from dock2sh.checks.rules import Finding
from dock2sh.checks.settings import Settings, settings_of
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.plan.watch import Ignored
from dock2sh.source import Diagnostic, Span, refuse

MOST_COMPARED = 2_000_000
"""Pairs of names looked at for `did you mean`: ten thousand variables and as many typing errors would take an hour."""


def demanded(dockerfile: Dockerfile, build_args: Mapping[str, str], ignore: Ignored | None = None) -> "Linter | None":
    """The linter of a build, which needs one only if a finding is to refuse it. Raises Refused for a bad option."""
    settings = settings_of(dockerfile.text, build_args)
    return Linter(dockerfile, settings, ignore, all_stages=False) if settings.error else None


class Linter:
    """A Watch. `settings` are the file's; `here` and `node` those of the instruction that events are about."""

    def __init__(self, dockerfile: Dockerfile, settings: Settings, ignore: Ignored | None, all_stages: bool) -> None:
        self.dockerfile, self.settings, self.ignore, self.all_stages = dockerfile, settings, ignore, all_stages
        self.found: list[Diagnostic] = []
        self.here, self.node, self.span = settings, dockerfile.nodes[0], dockerfile.nodes[0].span
        self.silent, self.compared = False, 0
        self._add(forms.empty_continuations(dockerfile))

    def _add(self, findings: Iterable[Finding]) -> None:
        """Keep what holds for the instruction at hand."""
        if not self.silent:
            self.found += [finding.diagnostic(self.span) for finding in findings if self.here.applies(finding.rule)]

    def _turn(self, node: Node, span: Span) -> None:
        self.node, self.span, self.here = node, span, self.settings.merged(node.comments) if node.comments else self.settings

    def _file(self) -> None:
        """Turn away from any instruction: comments above one do not count for what the whole file shows."""
        self.here = self.settings

    def met(self, node: Node) -> None:
        self._turn(node, node.span)
        self._add(forms.met(node))

    def accepted(self, node: Node) -> None:
        self._add(forms.accepted(node))

    def collected(self) -> None:
        self._file()
        self._add(forms.whole(self.dockerfile))

    def predefined(self, args: dict[str, str]) -> None:
        self._file()
        self._add(bases.default_arguments(self.dockerfile, args))

    def unset_in_from(self, node: Node, names: set[str], known: list[str]) -> None:
        self._turn(node, node.span)
        declared = [name for name, _, _ in bases.arguments(self.dockerfile)]
        self._add(bases.undeclared(node, names, [*known, *declared]))

    def platform(self, node: Node, written: str, value: str, matched: set[str], unset: set[str], target: str) -> None:
        self._turn(node, node.span)
        self._add(bases.redundant_platform(node, written, value, (matched, unset), target))
        self._add(bases.constant_platform(node, value, (matched, unset)))

    def base_platform(self, span: Span, image: str, expected: str, actual: str) -> None:
        self._file()
        self._add([bases.base_platform(span, image, expected, actual)])

    def stage(self, needed: bool) -> None:
        self.silent = not needed and not self.all_stages

    def begin(self, node: Node, span: Span) -> None:
        self._turn(node, span)

    def unset(self, names: set[str], known: list[str]) -> None:
        self.compared += len(names) * len(known)
        if self.compared > MOST_COMPARED:
            known = []
        self._add(steps.undefined(self.node, names, known, self.dockerfile.escape))

    def repeated(self, first: Span) -> None:
        self._add([steps.repeated(self.node, self.span, first)])

    def shell_form(self) -> None:
        self._add([steps.shell_form(self.node)])

    def relative_workdir(self, path: str) -> None:
        self._add(steps.relative_workdir(path))

    def variable(self, name: str, legacy: bool) -> None:
        if legacy:
            self._add([steps.legacy(self.node)])
        self._add(steps.secret(self.node, name))

    def port(self, written: str, host: bool, casing: bool) -> None:
        self._add(steps.port(self.node, written, host, casing))

    def copy_source(self, source: str) -> None:
        if self.ignore:
            self._add(steps.ignored(self.node, source, self.ignore))

    def finished(self) -> None:
        """With `error=true` whatever was found refuses the build, without a place. docker lists the rules in no order."""
        if self.settings.error and self.found:
            names = ", ".join(sorted({diagnostic.code for diagnostic in self.found}))
            hint = "cure the warnings (`dock2sh check` shows them), or take `error=true` out of the `# check=` line"
            raise refuse("lint", f"lint violation found for rules: {names}", hint=hint)
