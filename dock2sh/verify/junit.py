"""Verdicts as JUnit XML: a test case for each Dockerfile, for those who watch such reports already."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .report import Verdict, text

# XML 1.0 has no way to say these, not even by number
_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(answers: Sequence[Verdict]) -> str:
    """`different` is a failure, a side that does not build an error, `inconclusive` is skipped."""
    counts = {word: sum(answer.verdict == word for answer in answers) for word in ("different", "not built", "inconclusive")}
    numbers = {
        "tests": len(answers),
        "failures": counts["different"],
        "errors": counts["not built"],
        "skipped": counts["inconclusive"],
    }
    root = Element("testsuites")
    suite = SubElement(root, "testsuite", {"name": "dock2sh verify", **{name: str(number) for name, number in numbers.items()}})
    for answer in answers:
        _case(suite, answer)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, answer: Verdict) -> None:
    seconds = sum(step.our_seconds for step in answer.steps)
    case = SubElement(suite, "testcase", classname="dock2sh.verify", name=_sayable(answer.name), time=f"{seconds:.3f}")
    said = _sayable(text(answer))
    kind = {"different": "failure", "not built": "error", "inconclusive": "skipped"}.get(answer.verdict)
    if kind:
        SubElement(case, kind, message=said.splitlines()[0]).text = said
    else:
        SubElement(case, "system-out").text = said


def _sayable(words: str) -> str:
    return _UNSAYABLE.sub("?", words)
