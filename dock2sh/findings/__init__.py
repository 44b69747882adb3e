"""What is wrong with a Dockerfile beyond BuildKit's checks: what makes two builds differ, what fails, what nobody should trust.

`find` gives all findings in the order of the file, less those that a comment or the configuration silences.
"""

from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.findings.rule import Finding, by_name, rules
from dock2sh.model import Plan

__all__ = ["Finding", "by_name", "find", "rules"]


def find(
    plan: Plan, dockerfile: Dockerfile, ignored: frozenset[str] = frozenset(), host: bool = False, shellcheck: bool = False
) -> tuple[Finding, ...]:
    """All findings of the stages that are built. `ignored` are names of rules that the configuration silences.

    With `host` also what matters only where the script runs on a machine of its own; with `shellcheck` what that says, where it
    is installed.
    """
    from dock2sh.findings import files, images, running
    from dock2sh.findings.silence import silenced
    from dock2sh.findings.walk import seen

    did = seen(plan, dockerfile)
    found = [*images.find(plan, did), *running.find(plan, did), *files.find(plan, did)]
    if host:
        from dock2sh.findings import machine

        found += machine.find(did)
    if shellcheck:
        from dock2sh.findings.shellcheck import find as asked

        found += asked(did)
    quiet = silenced(dockerfile, ignored)
    kept = [finding for finding in found if not quiet(finding)]
    return tuple(sorted(dict.fromkeys(kept), key=lambda finding: (finding.span, finding.code)))
