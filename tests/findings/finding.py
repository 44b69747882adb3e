"""What is found in a Dockerfile, in short."""

import dock2sh
from dock2sh.bases import assumed
from dock2sh.findings import Settings, find


def codes(text: str, host: bool = False, settings: Settings | None = None) -> list[str]:
    """`CODE:LINE` of every finding."""
    dockerfile = dock2sh.parse(text)
    plan = dock2sh.evaluate(dockerfile, None, assumed)
    return [f"{finding.name}:{finding.span.first}" for finding in find(plan, dockerfile, settings, host)]
