"""An Explanation as JSON: the objects of tree.py with the names of their fields. docs/explain.md is the page of the schema."""

from typing import Any

from dock2sh.explain.language import Piece, Text, plain
from dock2sh.explain.tree import Explanation

SCHEMA = "dock2sh.explain/1"


def explanation_object(explanation: Explanation) -> dict[str, Any]:
    """Texts are strings in the reader's language, without marks; what JSON cannot hold of odd bytes becomes U+FFFD."""
    made = {"schema": SCHEMA, **_value(explanation)}
    for stage in made["stages"]:
        for step in stage["steps"]:
            step["unread"] = [{"text": text, "why": why} for text, why in step["unread"]]
    return made


def _value(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        kinds = type(value).__annotations__
        return {key: "" if item == () and kinds[key] == Text else _value(item) for key, item in value._asdict().items()}
    if isinstance(value, tuple):
        return (
            _text(plain(value)) if value and all(isinstance(item, Piece) for item in value) else [_value(item) for item in value]
        )
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
