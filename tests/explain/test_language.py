"""Other languages: a catalogue says everything, and nothing that is not said; what stands in a Dockerfile stays as it is."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from explaining import explained
from test_hostile import HOSTILE, Page

import dock2sh
from dock2sh.bases import assumed
from dock2sh.checks.rules import RULES
from dock2sh.commands.knowledge import HOME as TOOLS
from dock2sh.explain import language
from dock2sh.explain.language import catalogue, languages, plain, say, speak
from dock2sh.explain.page import page
from dock2sh.explain.remarks import template
from dock2sh.findings import caches, find, gone, images, labels, rules, running

CHECKS = Path(dock2sh.__file__).parent / "checks"
CODE = Path(language.__file__).parent
OTHERS = [name for name in languages() if name != "en"]


def templates() -> dict[str, str]:
    """All that can be said: template to where it stands."""
    found = {text: path.name for path in sorted(CODE.glob("*.py")) for text in _said(ast.parse(path.read_text()))}
    for rule in rules().values():
        found |= {text: "rules.toml" for text in (rule.title, rule.message, rule.cure, rule.why) if text}
    for path in sorted(TOOLS.glob("*.toml")):
        found |= dict.fromkeys(_known(tomllib.loads(path.read_text())), path.name)
    found |= {check.about: "checks" for check in RULES.values()}
    found |= {template(text)[0]: "checks" for name in ("bases", "forms", "steps") for text in _cures(CHECKS / f"{name}.py")}
    found |= dict.fromkeys((*running._USELESS.values(), *running._ENDS.values()), "findings")
    found |= {cache.better: "findings" for cache in caches._CACHES.values()}
    found |= dict.fromkeys(re.findall(r'reason = "(.*)"', Path(images.__file__).read_text()), "findings")
    found |= dict.fromkeys(re.findall(r'return "(.+?)"(?: if|\n)', Path(labels.__file__).read_text()), "findings")
    found |= {words: "findings" for words, _, _ in labels.KINDS.values()}
    found |= {gone.NOTHING: "findings"}
    for name in ("matching.py", "options.py"):
        found |= dict.fromkeys(_handed_on(ast.parse((TOOLS.parent / name).read_text())), name)
    return found


def _cures(path: Path) -> Iterator[str]:
    """What checks advise, a 0 for whatever depends on the Dockerfile."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "cure":
            yield from _texts(node.value)
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_cure"):
            yield from (
                text for each in ast.walk(node) if isinstance(each, ast.Return) and each.value for text in _texts(each.value)
            )
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and len(node.args) > 2:
            yield from _texts(node.args[2])


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
    elif isinstance(node, ast.Constant):
        yield str(node.value)


def _said(tree: ast.AST) -> Iterator[str]:
    """The first argument of `say`, and the values of tables whose name ends in `_SAY`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").endswith("_SAY"):
            assert isinstance(node.value, ast.Dict)
            yield from (str(value.value) for value in node.value.values if isinstance(value, ast.Constant))


def _known(table: dict[str, Any]) -> Iterator[str]:
    """The texts of a tool's file."""
    yield from (table[key] for key in ("summary", "manager") if table.get(key))
    for operands in (table.get("operands", ()), *table.get("instead", {}).values()):
        yield from (operand.partition(": ")[2] for operand in operands)
    for key in ("options", "operators", "alone", "begins"):
        yield from table.get(key, {}).values()
    for command in table.get("commands", {}).values():
        yield from _known(command)


def _handed_on(tree: ast.AST) -> Iterator[str]:
    """Sentences of the matcher: a text of several words that is no docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "part" and len(node.args) > 2:
            yield from (str(arg.value) for arg in node.args[2:3] if isinstance(arg, ast.Constant) and arg.value)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("many", "says"):
            for each in ast.walk(node.value):
                if isinstance(each, ast.Constant) and " " in str(each.value):
                    yield str(each.value)


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_is_whole(name: str) -> None:
    said, known = templates(), catalogue(name)
    assert not {text: place for text, place in said.items() if text not in known}
    assert not set(known) - set(said)


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_keeps_fields_and_code(name: str) -> None:
    for text, translation in catalogue(name).items():
        assert set(re.findall(r"\{\w+\}", translation)) == set(re.findall(r"\{\w+\}", text)), text
        assert translation.count("`") % 2 == 0, text


def test_a_particle_fits_whatever_stands_before_it() -> None:
    """은 or 는, 을 or 를 depend on the sound before them, which in a field is anybody's: both are written, or a noun between."""
    particle = re.compile(r"\{\w+\}`(은|는|이|가|을|를|와|과|로|으로|이나|나)(?=[ ,.])")
    assert not [text for text in catalogue("ko").values() if particle.search(text)]


@pytest.fixture
def korean() -> Iterator[None]:
    speak("ko")
    yield
    speak("en")


@pytest.mark.usefixtures("korean")
def test_a_particle_behind_a_word_of_the_sentence_is_chosen() -> None:
    """`8개을(를)` stood there: behind code the reader chooses, behind a Korean word it is known."""
    shown = plain(explained("FROM debian:12\nRUN apt-get install -y a b c d e f\n").summary)
    assert "외 2개를 설치" in shown
    assert "을(를)" in plain(explained('FROM debian:12\nCMD ["x"]\n').summary)


@pytest.mark.usefixtures("korean")
def test_nothing_of_a_page_stays_english() -> None:
    """Outside of code, and of the words of other programs, no English sentence is left."""
    text = (
        'FROM debian\nRUN apt-get update && apt-get install -y python3 > /dev/null\nCOPY a /b/\nUSER 1\nCMD ["python3", "x.py"]\n'
    )
    dockerfile = dock2sh.parse(text)
    plan = dock2sh.evaluate(dockerfile, None, assumed)
    from dock2sh.explain import explain

    shown = page(explain(plan, dockerfile, "Dockerfile", {}, (), find(plan, dockerfile)), "ko")
    body = re.sub(r"<(style|code|pre|svg|dt)\b.*?</\1>", "", shown[shown.index("<body>") :], flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", body)
    assert not re.findall(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", words)
    assert '<html lang="ko">' in shown


@pytest.mark.usefixtures("korean")
def test_a_hostile_file_is_no_more_dangerous_in_korean() -> None:
    assert not {"script", "img"} & set(Page(page(explained(HOSTILE, checked=True), "ko")).tags)


def test_a_value_is_no_template() -> None:
    assert plain(say("`{name}` is `{value}`.", name="{value}", value="`{name}`")) == "{value} is `{name}`."


def test_a_language_without_a_catalogue() -> None:
    with pytest.raises(KeyError):
        speak("../../x")


def test_one_word_for_one_thing() -> None:
    """Two words for a password stood side by side, and for a regular expression, a machine, a source of packages."""
    others = (
        "비밀번호",
        "패스워드",
        "정규 표현식",
        "데비안",
        "아파치",
        "기계",
        "기기",
        "출처",
        "디렉토리",
        "콘테이너",
        "증명서",
        "인수",
    )
    said = catalogue("ko").values()
    assert not [text for text in said if any(re.search(rf"(?<![가-힣]){word}", text) for word in others)]


@pytest.mark.usefixtures("korean")
def test_the_cures_of_buildkits_checks() -> None:
    """What BuildKit says is its own; what to do about it is ours."""
    dockerfile = dock2sh.parse("FROM debian AS Build\nMAINTAINER x\nWORKDIR a\nCMD echo $NOPE\nCMD x\nENV a b\nEXPOSE 80/TCP\n")
    from dock2sh.checks import check
    from dock2sh.explain.remarks import of_checks
    from dock2sh.plan.evaluate import Options

    cures = [plain(remark.cure) for remark in of_checks(check(dockerfile, Options(), assumed))]
    assert len(cures) > 5
    assert all(re.search("[가-힣]", cure) for cure in cures), cures
