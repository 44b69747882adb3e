"""An Explanation as one HTML file that stands alone: no network, no script, light and dark, paper and telephone.

Everything is escaped here, in `_e` and `_t`, and nowhere else: a Dockerfile is anybody's text.
"""

from html import escape
from pathlib import Path

from dock2sh.explain.drawing import STYLE, svg
from dock2sh.explain.language import Text, plain, say
from dock2sh.explain.measures import amount
from dock2sh.explain.remarks import most_telling
from dock2sh.explain.terminal import PHASE_SAY, SEVERITY_SAY, in_place, same_by_hand, shell_word
from dock2sh.explain.tree import Account, Command, Explanation, Fact, Measures, Remark, Section, Stage, Step

_CLASS = {
    "command": "c", "subcommand": "s", "option": "o", "value": "v", "operand": "a", "setting": "e", "operator": "p",
    "redirect": "r", "unknown": "u",
}  # fmt: skip
_WIDEST = 1200
"""Characters of a line that are shown of it."""
_LONG = 24
"""Lines of source from which an instruction may be broken over two sheets of paper."""


def page(explanation: Explanation, language: str) -> str:
    """The whole file."""
    name = _e(explanation.name)
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8") + STYLE
    body = "".join(
        [
            f"<header><h1>{name} <small>{_t(explanation.size)}</small></h1>",
            f'<p class="lead">{_t(explanation.summary)}</p>',
            _verdict(explanation),
            _contents(explanation),
            "</header>",
            _picture(explanation),
            f'<h2 id="lines">{_s(say("Line by line"))}</h2>',
            *(_stage(stage) for stage in explanation.stages),
            _start(explanation),
            _account(explanation.account),
            _lists(explanation),
            _findings(explanation.remarks),
            _words(explanation),
        ]
    )
    return (
        f'<!doctype html>\n<html lang="{_e(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="generator" content="dock2sh explain">'
        f"<title>{name}: {_s(say('what it does'))}</title>\n<style>\n{css}</style></head>\n<body>"
        f"<main>{body}</main></body></html>\n"
    )


def _e(text: str) -> str:
    """Any text, as HTML; what is not printable is shown as such, and lone surrogates do not reach the file."""
    return escape("".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text))


def _t(text: Text) -> str:
    return "".join(f"<code>{_e(piece.text)}</code>" if piece.code else _e(piece.text) for piece in text)


def _s(text: Text) -> str:
    return _e(plain(text))


def _verdict(explanation: Explanation) -> str:
    """The worst findings, at the top; nothing where there are none."""
    worst = [remark for remark in explanation.remarks if remark.severity == "error"]
    warnings = [remark for remark in explanation.remarks if remark.severity == "warning"]
    if not worst and not warnings:
        return ""
    shown = worst or most_telling(warnings)
    items = "".join(
        f'<li><a href="#L{remark.line}">{_s(say("line {line}", line=remark.line))}</a>: {_t(remark.message)}</li>'
        for remark in shown
    )
    rest = len(explanation.remarks) - len(shown)
    told = say("1 more finding") if rest == 1 else say("{count} more findings", count=rest)
    more = f'<p class="mut"><a href="#findings">{_s(told)}</a></p>' if rest else ""
    head = say("This will stop the build") if worst else say("To think about")
    return f'<div class="verdict{" error" if worst else ""}"><strong>{_s(head)}</strong><ul>{items}</ul>{more}</div>'


def _contents(explanation: Explanation) -> str:
    links = [
        ("picture", say("The picture")),
        ("lines", say("Line by line")),
        ("start", say("How it starts and stops")),
        ("needs", say("What it needs and leaves")),
    ]
    links[3:3] = [("weight", say("What it weighs"))] if explanation.account else []
    links += [("findings", say("Findings"))] if explanation.remarks else []
    return "<nav>" + "".join(f'<a href="#{key}">{_s(text)}</a>' for key, text in [*links, ("words", say("Words"))]) + "</nav>"


def _picture(explanation: Explanation) -> str:
    legend = (("", say("FROM: begins with")), ("d", say("COPY: files go over")), ("o", say("mount: only while it runs")))
    signs = "".join(f'<span><i class="{kind}"></i>{_s(text)}</span>' for kind, text in legend)
    return (
        f'<h2 id="picture">{_s(say("The picture"))}</h2>'
        f'<div class="picture" tabindex="0">{svg(explanation.graph, alone=False)}</div><div class="legend">{signs}</div>'
    )


# ---- instructions


def _stage(stage: Stage) -> str:
    base = f'<span class="m">{_e(stage.base)}</span>' if stage.base else ""
    return f"<h3>{_s(stage.title)} {base}</h3>" + "".join(map(_step, stage.steps))


def _step(step: Step) -> str:
    kind = " unused" if step.phase == "unused" else ""
    long = " long" if step.last - step.first > _LONG or len(step.commands) > 8 else ""
    about = "".join(
        [
            _tags(step),
            *(f"<p>{_t(text)}</p>" for text in step.does),
            *map(_command, step.commands),
            *(f'<p class="mut">{_t(why)}: <code>{_e(" ".join(text.split())[:400])}</code></p>' for text, why in step.unread),
            _variables(step),
            *map(_remark, step.remarks),
            *(_measured(step, measures) for measures in step.measures),
            _hand(step),
        ]
    )
    return (
        f'<div class="step{kind}{long}" id="L{step.first}"><div class="src">{_source(step)}</div>'
        f'<div class="about">{about}</div></div>'
    )


def _source(step: Step) -> str:
    """The lines as written, with their numbers; the keyword and comments told apart."""
    shown = list[str]()
    for index, line in enumerate(step.source.split("\n")):
        line = _cut(line)
        text = _e(line) or " "
        if not index:
            keyword, blank, rest = line.partition(" ")
            text = f'<span class="kw">{_e(keyword)}</span>{_e(blank + rest)}'
        elif line.lstrip().startswith("#"):
            text = f'<span class="cm">{text}</span>'
        shown.append(f'<span class="n"><b class="ln">{step.first + index}</b>{text}</span>')
    return f"<pre>{''.join(shown)}</pre>"


def _cut(text: str) -> str:
    """The beginning of a text that nobody would read to its end."""
    if len(text) <= _WIDEST:
        return text
    return text[:_WIDEST] + " … " + plain(say("{count} more characters", count=f"{len(text) - _WIDEST:,}"))


def _tags(step: Step) -> str:
    phase = f'<span class="tag {step.phase}">{_s(say(PHASE_SAY[step.phase]))}</span>' if step.phase in PHASE_SAY else ""
    place = f"<span>{_t(step.place)}</span>" if step.place else ""
    return f'<div class="tags">{phase}{place}</div>' if phase or place else ""


def _command(command: Command) -> str:
    context = [text for text in (command.inside, command.joined) if text]
    when = "".join(f'<span class="when">{"; ".join(map(_t, context))}:</span>' if context else "")
    rows = list[str]()
    for part in command.parts:
        says = _t(part.says) if part.says else _s(say("not known"))
        rows.append(
            f'<dt class="{_CLASS.get(part.kind, "a")}">{_e(_cut(part.text))}</dt><dd{"" if part.says else " class=u"}>{says}</dd>'
        )
    level = f" l{min(command.level, 3)}" if command.level else ""
    source = f' title="{_e(command.source)}"' if command.source else ""
    return f'<div class="cmd{level}"{source}>{when}<dl class="parts">{"".join(rows)}</dl></div>'


def _variables(step: Step) -> str:
    items = list[str]()
    for variable in step.variables:
        value = "" if variable.value is None else f"={variable.value}"
        items.append(f"<li><code>${_e(variable.name + value)}</code> {_t(variable.origin)}</li>")
    return f'<ul class="vars">{"".join(items)}</ul>' if items else ""


def _remark(remark: Remark) -> str:
    names = ", ".join((remark.code, *remark.others))
    label = f'<a href="{_e(remark.url)}">{_e(names)}</a>' if remark.url.startswith("https://") else _e(names)
    cure = f'<span class="cure">{_t(remark.cure)}</span>' if remark.cure else ""
    return (
        f'<div class="remark {_e(remark.severity)}">'
        f"<b>{_s(say(SEVERITY_SAY[remark.severity]))}</b> {_t(remark.message)} "
        f'<span class="id">{label}</span>{cure}</div>'
    )


def _measured(step: Step, measures: Measures) -> str:
    """What a build was seen to do; the packages and files themselves folded away."""
    trigger = f" <code>{_e(measures.text)}</code>" if step.keyword == "FROM" else ""
    label = f"<b>{_s(say('Measured:'))}</b>{trigger}"
    first, *more = map(_t, measures.says)
    rest = "".join(f"<p>{text}</p>" for text in more)
    most = max((place.size for place in measures.places), default=0)
    listed = "".join(f"<li>{_bar(place.size, most)}<span>{_t(in_place(place))}</span></li>" for place in measures.places)
    places = f"<ul>{listed}</ul>" if listed else ""
    places += f"<pre>{_e(measures.printed)}</pre>" if measures.printed else ""
    return (
        f'<div class="meas{" failed" if measures.failed else ""}"><p>{label} {first}</p>{rest}{places}{_changes(measures)}</div>'
    )


_LISTED = 400
"""Changed files that a page lists for one instruction."""


def _changes(measures: Measures) -> str:
    if not measures.changes:
        return ""
    shown = "\n".join(f"{change.kind} {change.path}" for change in measures.changes[:_LISTED])
    rest = len(measures.changes) - _LISTED
    more = f"<p>{_s(say('{count} more: dock2sh explain --format json', count=f'{rest:,}'))}</p>" if rest > 0 else ""
    title = _s(say("Every file: A added, C changed, D removed"))
    return f"<details><summary>{title}</summary><pre>{_e(shown)}</pre>{more}</details>"


def _bar(size: int, most: int) -> str:
    """How much of the largest; the number stands beside it."""
    return f'<i class="bar"><i style="width:{100 * size / most if most else 0:.1f}%"></i></i>'


def _account(account: Account | None) -> str:
    if account is None:
        return ""
    most = max((part.size for part in account.parts), default=0)
    rows = list[str]()
    for part in account.parts:
        seconds = "" if part.seconds is None else f"{part.seconds:.1f}"
        rows.append(
            f'<tr{"" if part.result else " class=aside"}><td><a href="#L{part.line}">{part.line}</a></td>'
            f'<td class="what"><code>{_e(part.name[:120])}</code></td><td class="num">{amount(part.size)}</td>'
            f'<td class="num">{seconds}</td><td class="bars">{_bar(part.size, most)}</td></tr>'
        )
    heads = "".join(f'<th scope="col">{_s(text)}</th>' for text in (say("Line"), say("What"), say("Size"), say("Seconds")))
    said = "".join(f"<p>{_t(text)}</p>" for text in account.says)
    return (
        f'<h2 id="weight">{_s(say("What it weighs"))}</h2>{said}<table class="account"><thead><tr>{heads}<td></td></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _hand(step: Step) -> str:
    if not step.by_hand:
        return ""
    label = f"<span>{_s(say('By hand:'))}</span>"
    if same := same_by_hand(step):
        return f'<div class="hand">{label} {_t(same)}</div>'
    return f'<div class="hand">{label}<pre>{_e(chr(10).join(step.by_hand))}</pre></div>'


# ---- the rest


def _facts(facts: tuple[Fact, ...]) -> str:
    return '<dl class="facts">' + "".join(f"<dt>{_t(fact.name)}</dt><dd>{_t(fact.value)}</dd>" for fact in facts) + "</dl>"


def _start(explanation: Explanation) -> str:
    rows = list[str]()
    for row in explanation.start.rows:
        process = f"<code>{_e(' '.join(map(shell_word, row.process)))}</code>" if row.process else "–"
        rows.append(
            f'<tr{" class=warn" if row.warns else ""}><td class="typed"><code>{_e(row.typed)}</code></td>'
            f'<td class="proc">{process}</td><td>{_t(row.says)}</td></tr>'
        )
    head = "".join(
        f'<th scope="col">{_s(text)}</th>' for text in (say("You type"), say("Process 1 of the container"), say("What happens"))
    )
    advice = "".join(f"<p>{_t(text)}</p>" for text in explanation.start.advice)
    title = _s(say("How it starts and stops"))
    return (
        f'<h2 id="start">{title}</h2>{_facts(explanation.start.facts)}<table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{advice}"
    )


def _lists(explanation: Explanation) -> str:
    if not explanation.sections:
        return ""
    return (
        f'<h2 id="needs">{_s(say("What it needs and leaves"))}</h2>'
        f'<div class="lists">{"".join(map(_list, explanation.sections))}</div>'
    )


def _list(section: Section) -> str:
    items = list[str]()
    for item in section.items:
        link = f'<a href="#L{item.line}">{item.line}</a>' if item.line else '<a class="none">0</a>'
        items.append(f"<li{' class=warn' if item.warns else ''}>{link}{_t(item.text)}</li>")
    return f'<div class="list"><h3>{_s(section.title)}</h3><ul>{"".join(items)}</ul></div>'


def _findings(remarks: tuple[Remark, ...]) -> str:
    if not remarks:
        return ""
    rows = list[str]()
    for remark in remarks:
        names = ", ".join((remark.code, *remark.others))
        place = f'<a href="#L{remark.line}">{remark.line}</a>' if remark.line else "–"
        rows.append(
            f"<tr><td>{_s(say(SEVERITY_SAY[remark.severity]))}</td><td>{place}</td><td>{_t(remark.message)}</td>"
            f"<td>{_e(names)}</td></tr>"
        )
    head = "".join(f'<th scope="col">{_s(text)}</th>' for text in (say("How bad"), say("Line"), say("What"), say("Known as")))
    title = f'<h2 id="findings">{_s(say("Findings"))}</h2>'
    return f'{title}<table class="found"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _words(explanation: Explanation) -> str:
    reading = explanation.reading
    read = say(
        "Read: {commands} commands with {words} words, of which {unknown} are not known.",
        commands=reading.commands,
        words=reading.words,
        unknown=reading.unknown_words,
    )
    made = say("Made by `dock2sh explain`, which runs nothing and downloads nothing.")
    if explanation.account:
        made = say("Made by `dock2sh explain --measured`, which built it in a sandbox.")
    footer = f"<footer>{_t(read) if reading.commands else ''} {_t(made)}</footer>"
    return f'<h2 id="words">{_s(say("Words"))}</h2>{_facts(explanation.glossary)}{footer}'
