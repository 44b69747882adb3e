"""Which instructions of an image count for nothing, because a later one takes their place."""

from itertools import pairwise

from dock2sh.model import Configure, Plan


def replaced(plan: Plan) -> dict[int, tuple[str, int]]:
    """The lines of CMD, ENTRYPOINT and the like that a later line of the image undoes: its keyword and line.

    An ENTRYPOINT takes away the CMD of an earlier stage or image, and not that of its own stage.
    """
    found, last = dict[int, tuple[str, int]](), dict[str, tuple[str, int]]()
    for stage in plan.chain():
        for step in stage.steps:
            if not isinstance(step, Configure) or step.keyword not in ("CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL"):
                continue
            gone = [step.keyword, *(["CMD"] if step.keyword == "ENTRYPOINT" and last.get("CMD", ("", 0))[0] != stage.key else [])]
            for keyword in gone:
                if keyword in last:
                    found[last.pop(keyword)[1]] = (step.keyword, step.span.first)
            last[step.keyword] = (stage.key, step.span.first)
    return found


def users(plan: Plan) -> dict[int, int]:
    """The line of each USER of the image that a later one takes the place of, and that one's."""
    lines = [
        step.span.first
        for stage in plan.chain()
        for step in stage.steps
        if isinstance(step, Configure) and step.keyword == "USER"
    ]
    return dict(pairwise(lines))
