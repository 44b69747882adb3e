"""Writes the goldens anew:  ./dev python tests/explain/update.py  (then read the difference)."""

from pathlib import Path

from explaining import explained
from test_explain import CASES, GOLDEN

from dock2sh.explain.terminal import Style, lines

for name in CASES:
    text = (GOLDEN / f"{name}.Dockerfile").read_text()
    shown = "\n".join(line.rstrip() for line in lines(explained(text, checked=True), Style(90)))
    Path(GOLDEN / f"{name}.txt").write_text(shown.strip("\n") + "\n")
