"""The evaluated plan to read: `dock2sh plan`."""

from dock2sh.emit.plan_json import plan_object
from dock2sh.model import LeftOut, Plan


def plan_text(plan: Plan, name: str) -> str:
    """Stages, their steps with the Dockerfile's lines, and the image config."""
    out = [f"target: {plan.target or 'the last stage'}"]
    for stage in plan.stages:
        title = f"stage {stage.name or stage.index}: FROM {stage.base}" + (f" ({stage.platform})" if stage.platform else "")
        out += ["", title + ("" if stage.known else "    (its config is not known)")]
        for step in plan.in_order(stage):
            left = f"left out ({step.marker}): " if isinstance(step, LeftOut) else ""
            out.append(f"  {name}:{step.span.first:<5} {left}{' '.join(step.text.split())[:110]}")
    out += ["", "image config:"]
    for key, value in plan_object(plan)["config"].items():
        values = value if isinstance(value, list) and key == "Env" else [value]
        out += [f"  {key}: {_shown(item)}" for item in values]
    return "\n".join(out) + "\n"


def _shown(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)
