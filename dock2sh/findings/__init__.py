"""What is wrong with a Dockerfile beyond BuildKit's checks: what makes two builds differ, what fails, what nobody should trust.

`find` gives all findings in the order of the file, less those that a comment or the configuration silences.
"""

from typing import TYPE_CHECKING

from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.findings.rule import Finding, by_name, rules
from dock2sh.findings.settings import Settings
from dock2sh.model import Plan
from dock2sh.source import Span

if TYPE_CHECKING:
    from dock2sh.findings.walk import Seen

__all__ = ["Finding", "Settings", "by_name", "find", "rules"]


_OF_LINUX = frozenset(("D2S133", "D2S151", "D2S160", "D2S161", "D2S164"))
"""What is about users, paths and shells of Linux."""


def find(
    plan: Plan, dockerfile: Dockerfile, settings: Settings | None = None, host: bool = False, shellcheck: bool = False
) -> tuple[Finding, ...]:
    """All findings of the stages that are built. `settings` is the configuration.

    With `host` also what matters only where the script runs on a machine of its own; with `shellcheck` what that says, where it
    is installed.
    """
    from dock2sh.findings import files, form, images, labels, running
    from dock2sh.findings.silence import silenced
    from dock2sh.findings.walk import seen

    did = seen(plan, dockerfile)
    own = [one for one in did if not one.later]
    settings = settings or Settings()
    found = [*images.find(plan, own, settings), *running.find(plan, did), *files.find(plan, did)]
    found += [*form.find(plan, did), *labels.find(plan, own, settings)]
    if host:
        from dock2sh.findings import machine

        found += machine.find(own)
    if shellcheck:
        from dock2sh.findings.shellcheck import find as asked

        found += asked(did)
    if plan.for_windows():
        found = [each for each in found if each.code not in _OF_LINUX]
    quiet = silenced(dockerfile, settings.ignore)
    runs = {one.step.span: one for one in did if one.apart}
    later = {one.step.span for one in did if one.later}
    kept = [_weighed(_pointed(each, runs), settings, each.span in later) for each in found if not quiet(each)]
    return tuple(sorted(dict.fromkeys(kept), key=lambda finding: (finding.span, finding.at or finding.span[:1], finding.code)))


def _pointed(finding: Finding, runs: "dict[Span, Seen]") -> Finding:
    """With the exact place of the word that it is about, if that is one of a command's."""
    if finding.at or not finding.near or finding.span not in runs:
        return finding
    return finding._replace(at=runs[finding.span].point(finding.near))


def _weighed(finding: Finding, settings: Settings, later: bool) -> Finding:
    """As bad as the configuration finds it. What an ONBUILD does stops another build than this one."""
    changed = settings.severity((finding.name.upper(), finding.code, *finding.also))
    return finding._replace(changed=changed or ("warning" if later and finding.severity == "error" else ""))
