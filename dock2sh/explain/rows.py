"""The words of a command as rows: neighbours of which the same is said share one."""

from dock2sh.explain.language import Text, plain, say
from dock2sh.explain.tree import Explained

_SEVERAL_SAY = {
    "a package": "packages",
    "a package to install": "packages to install",
    "a package to remove": "packages to remove",
    "a package to bring up to date": "packages to bring up to date",
    "a package to ask about": "packages to ask about",
    "a package to download": "packages to download",
    "a package to mark": "packages to mark",
    "a module to install": "modules to install",
    "an extension to install": "extensions to install",
    "a source of packages": "sources of packages",
    "a variable": "variables",
}
"""What is said of neighbours that have become one row."""


def merged(parts: list[Explained]) -> list[Explained]:
    """Neighbours that mean the same become one: ten packages are one row."""
    rows, alone = list[Explained](), list[Explained]()
    for part in parts:
        last = alone[-1] if alone else None
        if (
            last
            and part.says
            and (last.kind, last.says) == (part.kind, part.says)
            and part.kind in ("operand", "option", "setting")
        ):
            rows[-1] = Explained(f"{rows[-1].text} {part.text}", part.kind, _several(part.says))
        elif last and last.kind == "option" and part.kind == "value" and plain(part.says).startswith(plain(last.says)):
            rows[-1] = alone[-1] = Explained(f"{rows[-1].text} {part.text}", "option", part.says)
        elif last and part.kind == last.kind == "unknown":
            rows[-1] = rows[-1]._replace(text=f"{rows[-1].text} {part.text}")
        else:
            rows.append(part)
            alone.append(part)
    return rows


def _several(says: Text) -> Text:
    return next((say(several) for one, several in _SEVERAL_SAY.items() if say(one) == says), says)
