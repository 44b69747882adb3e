"""The build of `dock2sh explain --measured`: the emulator with what the command line says."""

import sys
from typing import TYPE_CHECKING

from dock2sh.cli.calls import build_contexts, pairs
from dock2sh.cli.say import UNABLE, colour, end_in_order, note, note_lines
from dock2sh.cli.secrets import checked_agents, checked_secrets

if TYPE_CHECKING:
    from dock2sh.explain.measured import Measurement
    from dock2sh.images.bring import Wish
    from dock2sh.model import Plan
    from dock2sh.plan.context import Project


class Build:
    """A build to come; `bases` answers for base images, which are brought here."""

    def __init__(
        self,
        base: list[str] | None,
        contexts: list[str] | None,
        secret: list[str] | None,
        ssh: list[str] | None,
        no_cache: bool,
        wish: "Wish",
    ) -> None:
        from dock2sh.emulator import Bases
        from dock2sh.sandbox import SandboxError
        from dock2sh.sandbox.rootless import become_root

        end_in_order()
        try:
            if limits := become_root():
                note(limits)
        except SandboxError as error:
            note(str(error))
            raise SystemExit(UNABLE) from error
        self.bases = Bases(pairs("--base", base), wish, build_contexts(contexts))
        given = {"--secret": checked_secrets(secret), "--ssh": checked_agents(ssh)}
        self.options = [word for flag, values in given.items() for value in values or () for word in (flag, value)]
        self.no_cache = frozenset(["*"]) if no_cache else frozenset[str]()

    def measured(self, plan: "Plan", project: "Project", escape: str) -> "Measurement":
        """Build, and say what was seen. What is missing for it ends the process. Raises Refused."""
        from dock2sh.emulator import Order
        from dock2sh.emulator.progress import Plain
        from dock2sh.images import ImageError
        from dock2sh.measuring import measure
        from dock2sh.sandbox import SandboxError

        order = Order(bases=self.bases, options=self.options, no_cache=self.no_cache, escape=escape)
        try:
            if sys.stderr.isatty():
                from dock2sh.cli.live import LiveView

                with LiveView(plan, colour(sys.stderr)) as view:
                    return measure(plan, project, order, view)
            plain = Plain(plan)
            return measure(plan, project, order, lambda event: note_lines(*plain.lines(event)))
        except (SandboxError, ImageError) as error:
            note(str(error))
            raise SystemExit(UNABLE) from error
