"""The HTML page for people who do not see it, or see it badly: headings, tables, contrast (WCAG 2.2, 1.3.1, 1.4.3, 2.1.1)."""

import itertools
import re

import pytest
from explaining import explained

from dock2sh.explain.page import page

TEXT = "FROM debian:12 AS a\nFROM debian:12\nRUN cd /x && ls\nEXPOSE 80\nCMD a b\n"
INKS = ("fg", "mut", "blue", "green", "orange", "red", "purple")
PAPERS = ("bg", "card", "soft")


def css() -> str:
    return re.search(r"<style>(.*?)</style>", page(explained(TEXT, checked=True), "en"), re.DOTALL)[1]  # type: ignore[index]


def themes() -> list[dict[str, str]]:
    """The colours of the light page and of the dark one."""
    return [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{(.*?)\}", css(), re.DOTALL)[:2]]


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out(dark: bool) -> None:
    colours = themes()[dark]
    for ink, paper in itertools.product(INKS, PAPERS):
        low, high = sorted((luminance(colours[ink]), luminance(colours[paper])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, paper)


def test_no_text_is_made_paler() -> None:
    """Line numbers, stages that are not built and layers that are not in the image were half transparent: 3.4 to 1."""
    assert re.findall(r"([^{}]+)\{[^{}]*\bopacity:", css()) == [".account tr.aside .bar", ".d2s .unused"]  # a bar, a frame


def test_headings_go_down_one_at_a_time() -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", page(explained(TEXT, checked=True), "en"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_what_a_screen_reader_needs() -> None:
    shown = page(explained(TEXT, checked=True), "ko")
    assert '<html lang="ko">' in shown
    assert set(re.findall(r"<th\b[^>]*>", shown)) == {'<th scope="col">'}
    assert 'class="picture" tabindex="0"' in shown  # it may be wider than the page, and be moved by the keyboard
    assert re.search(r'<svg[^>]* role="img" aria-label="[^"]+"', shown)
