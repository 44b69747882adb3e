"""Findings in the reader's language, and the page of a rule."""

import re

from dock2sh.checks.rules import RULES
from dock2sh.checks.rules import Rule as CheckRule
from dock2sh.explain.language import Piece, Text, joined, plain, say, translated, words
from dock2sh.explain.tree import Remark
from dock2sh.findings.rule import Finding, Rule, by_name
from dock2sh.findings.silence import HADOLINT
from dock2sh.source import Diagnostic

_LINES = re.compile(r"\d+(?:, \d+)*")


def of_checks(checked: tuple[Diagnostic, ...]) -> list[Remark]:
    """BuildKit's, in its own words; in another language what the rule is about stands before them."""
    return [_of_check(diagnostic) for diagnostic in checked]


def _of_check(diagnostic: Diagnostic) -> Remark:
    line = max(diagnostic.spans[0].first, 1) if diagnostic.spans else 0
    rule, message = RULES.get(diagnostic.code), words(diagnostic.message)
    if rule and translated(rule.about) != rule.about:
        message = (*say(rule.about), *words(" ("), *message, *words(")"))
    cure = joined([_cure(part) for part in diagnostic.hint.split("\n")], " ") if diagnostic.hint else ()
    return Remark(diagnostic.code, diagnostic.severity, line, message, cure, diagnostic.also, diagnostic.url)


def _cure(hint: str) -> Text:
    """In the reader's language, where the catalogue has the sentence."""
    sentence, fields = template(hint)
    return say(sentence, **fields) if translated(sentence) != sentence else _marked(hint)


def template(hint: str) -> tuple[str, dict[str, str]]:
    """A check's cure as a sentence with fields, and these: `{a}`, `{b}` for its code, `{n}`, `{m}` for the numbers of lines.

    Checks know nothing of languages: all that is another for another Dockerfile is code, or a number.
    """
    fields, parts = dict[str, str](), hint.split("`")
    for index, part in enumerate(parts):
        if index % 2:
            name = "abcdefgh"[index // 2]
            fields[name], parts[index] = part, f"{{{name}}}"
            continue
        for number in _LINES.findall(part):
            name = "n" if "n" not in fields else "m"
            fields[name], parts[index] = number, parts[index].replace(number, f"{{{name}}}", 1)
    return "`".join(parts), fields


def _marked(text: str) -> Text:
    """A text in which backticks mark code."""
    return tuple(Piece(part, index % 2 == 1) for index, part in enumerate(text.split("`")) if part)


def of_findings(found: tuple[Finding, ...]) -> list[Remark]:
    """Ours."""
    return [_of_finding(finding) for finding in found]


def _of_finding(finding: Finding) -> Remark:
    rule = finding.rule
    fields: dict[str, str | int | Text] = {
        name: say(value) if name in ("reason", "better", "manager", "kind") else value for name, value in finding.fields
    }
    cure = say(rule.cure, **fields) if rule.cure else ()
    return Remark(finding.name, finding.severity, finding.span.first, say(rule.message, **fields), cure, finding.also)


_FIRST = ("D2S170", "D2S175", "SecretsUsedInArgOrEnv", "D2S162", "D2S163", "D2S165", "D2S171", "D2S172", "D2S173", "D2S302")
"""What lets somebody in, or does not do what it looks like, is told before what may change one day."""


def most_telling(remarks: list[Remark], most: int = 4) -> list[Remark]:
    """A few of many: one of a kind, the gravest kinds first, in the order of the file within a kind."""
    kinds = {remark.code: remark for remark in reversed(remarks)}
    found = sorted(
        kinds.values(), key=lambda remark: (_FIRST.index(remark.code) if remark.code in _FIRST else len(_FIRST), remark.line)
    )
    return found[:most]


def about(name: str) -> str:
    """The page of a rule, ours or of BuildKit's, by any of its names, or of shellcheck's; empty if there is none."""
    wanted = name.upper()
    if rule := by_name(wanted):
        return _page(rule)
    for check in RULES.values():
        if wanted in (check.name.upper(), *HADOLINT.get(check.name, ())):
            return _page_of_check(check)
    return _page_of_shellcheck(wanted) if re.fullmatch(r"SC\d{4}", wanted) else ""


def _page_of_check(check: CheckRule) -> str:
    names = ", ".join((check.name, *HADOLINT.get(check.name, ())))
    about = f"{names}: {translated(check.about)}"
    says = f"{plain(say('What it says:'))} {check.message.replace('{}', '…')}"
    return "\n\n".join([about, says, *([check.url] if check.url else []), _to_silence(check.name)]) + "\n"


def _page_of_shellcheck(code: str) -> str:
    says = say("What shellcheck says of the shell text of a RUN; its page: {url}", url=f"https://www.shellcheck.net/wiki/{code}")
    return "\n\n".join([f"{code}: {plain(says)}", _to_silence(code)]) + "\n"


def _to_silence(code: str) -> str:
    return plain(say("To silence it, write this above the instruction: # dock2sh ignore={code}", code=code))


def _page(rule: Rule) -> str:
    names = ", ".join((rule.code, *rule.also))
    parts = [
        f"{names}: {plain(say(rule.title))}",
        plain(say(rule.why)),
        f"{plain(say('What it says:'))} {plain(say(rule.message))}",
    ]
    if rule.cure:
        parts.append(f"{plain(say('Cure:'))} {plain(say(rule.cure))}")
    parts.append(_to_silence(rule.code))
    return "\n\n".join(parts) + "\n"
