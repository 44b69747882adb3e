"""BuildKit's checks: what `docker build --check` says about a Dockerfile, with a cure for each."""

from dock2sh.checks.linter import Linter
from dock2sh.checks.settings import settings_of
from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.plan.evaluate import Options, evaluate
from dock2sh.plan.walk import FindBase
from dock2sh.plan.watch import Ignored
from dock2sh.source import Diagnostic, Refused


def check(dockerfile: Dockerfile, options: Options, find_base: FindBase, ignore: Ignored | None = None) -> tuple[Diagnostic, ...]:
    """All warnings in the order of the file, then the refusal if there is one; nothing is raised.

    Without a target every stage is looked at, as docker does. `find_base` answers for base images and may say that it does not
    know one; `ignore` is the ignore file, None where there is none.
    """
    try:
        settings = settings_of(dockerfile.text, options.build_args)
    except Refused as refused:
        return (refused.diagnostic,)
    linter = Linter(dockerfile, settings, ignore, all_stages=not options.target)
    errors: tuple[Diagnostic, ...] = ()
    try:
        evaluate(dockerfile, options, find_base, linter)
    except Refused as refused:
        errors = (refused.diagnostic,)
    return (*sorted(linter.found, key=lambda diagnostic: diagnostic.spans), *errors)
