"""An Explanation as Markdown: for a pull request, a wiki, a README.

Mermaid draws the picture where it is known; the text is whole without it.
"""

import re
from collections.abc import Iterator

from dock2sh.explain.drawing import mermaid
from dock2sh.explain.language import Text, plain, say
from dock2sh.explain.measures import amount
from dock2sh.explain.terminal import PHASE_SAY, SEVERITY_SAY, in_place, same_by_hand, shell_word
from dock2sh.explain.tree import Account, Explanation, Remark, Stage, Step

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@:-])")


def markdown(explanation: Explanation) -> str:
    return "\n".join(_lines(explanation)).rstrip("\n") + "\n"


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"# {_code(explanation.name)}: {_w(say('what it does'))}"
    yield from ("", _t(explanation.summary), "", f"{_t(explanation.size)}")
    yield from _worst(explanation.remarks)
    yield from ("", *_fenced(mermaid(explanation.graph).rstrip("\n"), "mermaid"))
    yield from ("", f"## {_w(say('Line by line'))}")
    for stage in explanation.stages:
        yield from _stage(stage)
    yield from _start(explanation)
    yield from _account(explanation.account)
    yield from _sections(explanation)
    yield from _findings(explanation.remarks)
    yield from ("", f"## {_w(say('Words'))}", "")
    yield from (f"- **{_t(fact.name)}**: {_t(fact.value)}" for fact in explanation.glossary)


def _t(text: Text) -> str:
    return "".join(_code(piece.text) if piece.code else _plain(piece.text) for piece in text)


def _w(text: Text) -> str:
    return _plain(plain(text))


def _plain(text: str) -> str:
    """Words: no character of them is markup."""
    return _SPECIAL.sub(r"\\\1", _printable(text)) if re.search(r"[\\`*_\[\]<>|#~&$@{}]", text) else _printable(text)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def _code(text: str) -> str:
    """A code span that holds any text: fenced by more backticks than are in it."""
    shown = _printable(text).strip() or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _fenced(text: str, language: str) -> Iterator[str]:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    yield fence + language
    yield "\n".join("".join(c if c.isprintable() or c in "\t" else "\ufffd" for c in line) for line in text.split("\n"))
    yield fence


def _worst(remarks: tuple[Remark, ...]) -> Iterator[str]:
    worst = [remark for remark in remarks if remark.severity == "error"]
    for remark in worst[:3]:
        line = plain(say("line {line}", line=remark.line))
        yield from ("", "> [!CAUTION]", f"> **{_plain(line)}**: {_t(remark.message)}")


def _stage(stage: Stage) -> Iterator[str]:
    yield from ("", f"### {_w(stage.title)}")
    for step in stage.steps:
        yield from _step(step)


def _step(step: Step) -> Iterator[str]:
    yield from ("", *_fenced(step.source, "dockerfile"), "")
    said = [say(PHASE_SAY[step.phase])] if step.phase in PHASE_SAY else []
    when = "; ".join(_t(text) for text in (*said, step.place) if text)
    yield f"**{_plain(plain(say('line {line}', line=step.first)))}**" + (f" ({when})" if when else "")
    for text in step.does:
        yield from ("", _t(text))
    yield from _commands(step)
    for unread, why in step.unread:
        yield from ("", f"{_t(why)}: {_code(' '.join(unread.split()))}")
    if step.variables:
        yield ""
    for variable in step.variables:
        value = "" if variable.value is None else f"={variable.value}"
        yield f"- {_code(f'${variable.name}{value}')}: {_t(variable.origin)}"
    for remark in step.remarks:
        yield from ("", f"> {_remark(remark)}")
    yield from _measured(step)
    yield from _hand(step)


def _measured(step: Step) -> Iterator[str]:
    for measures in step.measures:
        trigger = f" {_code(measures.text)}" if step.keyword == "FROM" else ""
        yield from ("", f"**{_w(say('Measured:'))}**{trigger} " + " ".join(map(_t, measures.says)))
        if measures.places:
            yield ""
        yield from (f"- {_t(in_place(place))}" for place in measures.places)
        if measures.printed:
            yield from ("", *_fenced(measures.printed, "text"))


def _account(account: Account | None) -> Iterator[str]:
    if account is None:
        return
    heads = (say("Line"), say("What"), say("Size"), say("Seconds"))
    yield from ("", f"## {_w(say('What it weighs'))}", "", " ".join(map(_t, account.says)), "")
    yield from ("| " + " | ".join(map(_w, heads)) + " |", "|--:|---|--:|--:|")
    for part in account.parts:
        seconds = "" if part.seconds is None else f"{part.seconds:.1f}"
        name = _code(part.name[:80]) if part.result else f"({_code(part.name[:80])})"
        yield f"| {part.line} | {_cell(name)} | {amount(part.size)} | {seconds} |"


def _commands(step: Step) -> Iterator[str]:
    if not step.commands:
        return
    yield from ("", f"| {_w(say('Word'))} | {_w(say('Meaning'))} |", "|---|---|")
    for command in step.commands:
        context = "; ".join(_t(text) for text in (command.inside, command.joined) if text)
        if context:
            yield f"| | *{_cell(context)}:* |"
        for part in command.parts:
            says = _t(part.says) if part.says else f"*{_w(say('not known'))}*"
            yield f"| {_cell(_code(part.text))} | {_cell(says)} |"


def _remark(remark: Remark) -> str:
    names = ", ".join((remark.code, *remark.others))
    cure = f" {_t(remark.cure)}" if remark.cure else ""
    return f"**{_w(say(SEVERITY_SAY[remark.severity]))}** {_t(remark.message)} ({_plain(names)}){cure}".replace("\n", " ")


def _hand(step: Step) -> Iterator[str]:
    if not step.by_hand:
        return
    label = _w(say("By hand:"))
    if same := same_by_hand(step):
        yield from ("", f"{label} {_t(same)}")
        return
    yield from ("", label, "", *_fenced("\n".join(step.by_hand), "sh"))


def _start(explanation: Explanation) -> Iterator[str]:
    yield from ("", f"## {_w(say('How it starts and stops'))}", "")
    yield from (f"- {_t(fact.name)}: {_t(fact.value)}" for fact in explanation.start.facts)
    heads = (say("You type"), say("Process 1 of the container"), say("What happens"))
    yield from ("", "| " + " | ".join(map(_w, heads)) + " |", "|---|---|---|")
    for row in explanation.start.rows:
        process = _code(" ".join(map(shell_word, row.process))) if row.process else "–"
        yield f"| {_cell(_code(row.typed))} | {_cell(process)} | {'⚠ ' if row.warns else ''}{_cell(_t(row.says))} |"
    for advice in explanation.start.advice:
        yield from ("", _t(advice))


def _sections(explanation: Explanation) -> Iterator[str]:
    if explanation.sections:
        yield from ("", f"## {_w(say('What it needs and leaves'))}")
    for section in explanation.sections:
        yield from ("", f"### {_w(section.title)}", "")
        for item in section.items:
            line = f"{_plain(plain(say('line {line}', line=item.line)))}: " if item.line else ""
            yield f"- {line}{_t(item.text)}{' ⚠' if item.warns else ''}"


def _findings(remarks: tuple[Remark, ...]) -> Iterator[str]:
    if not remarks:
        return
    heads = (say("How bad"), say("Line"), say("What"), say("Known as"))
    yield from ("", f"## {_w(say('Findings'))}", "", "| " + " | ".join(map(_w, heads)) + " |", "|---|--:|---|---|")
    for remark in remarks:
        names = ", ".join((remark.code, *remark.others))
        severity = _w(say(SEVERITY_SAY[remark.severity]))
        yield f"| {severity} | {remark.line or ''} | {_cell(_t(remark.message))} | {_cell(_plain(names))} |"
