"""Two programs or libraries (elf(5)) that differ, for a person: build ids, sections, symbols, and what that says."""

import re
import struct
from collections.abc import Callable, Mapping

_ID = ".note.gnu.build-id"
# what strip takes away, and what only debuggers read; .shstrtab has the names of these sections
_NAMES = re.compile(r"\.(symtab|strtab|shstrtab)")
_DEBUG = re.compile(r"\.(z?debug_.*|gnu_debug.*|shstrtab)")
# sections of which strings are all, or nearly
_STRINGS = re.compile(r"\.(rodata.*|comment|interp|debug_(line_)?str|dynstr|gnu_debuglink|note\.go\.buildid|go\.buildinfo)")
_SHOWN = 8


def both(mine: bytes, other: bytes) -> bool:
    """Whether both are programs or libraries."""
    return mine[:4] == other[:4] == b"\x7fELF"


def difference(mine: bytes, other: bytes) -> list[str]:
    """Build ids, and the sections that differ: .text is code, .rodata its constants, .symtab and .dynstr names."""
    one, two = _sections(mine), _sections(other)
    lines = [f"build id: theirs {_build_id(two)}, ours {_build_id(one)}"]
    for name in dict.fromkeys([*two, *one]):
        if one.get(name) != two.get(name) and name != _ID:
            lines.append(f"section {name or '(nameless)'}: theirs {_size(two.get(name))}, ours {_size(one.get(name))}")
            lines += _alone(name, one, two)
    for what, left, right in (("theirs", two, one), ("ours", one, two)):
        names = sorted(_symbols(left) - _symbols(right))
        if names:
            lines.append(f"symbols of only {what}: {', '.join(names[:10])}{f' and {len(names) - 10} more' * (len(names) > 10)}")
    return lines


def cause(mine: bytes, other: bytes) -> str:
    """What the difference says, if it says it for certain; else nothing."""
    one, two = _sections(mine), _sections(other)
    if not one or not two:
        return ""
    differ = {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)} - {_ID}
    if not differ:
        return "the same program but for its build id: paths, times or random names were compiled into it"
    if ".comment" in differ and ".comment" in one and ".comment" in two:
        return f"another compiler: theirs {_compiler(two)}, ours {_compiler(one)}"
    for what, sections in (("symbols", _NAMES), ("debug information", _DEBUG)):
        if all(sections.fullmatch(name) for name in differ):
            lacking = [who for who, side in (("ours", one), ("theirs", two)) if not differ - {".shstrtab"} & side.keys()]
            return f"the same code but for its {what}{f', which {lacking[0]} lacks (strip)' if lacking else ''}"
    if all(_NAMES.fullmatch(name) or _DEBUG.fullmatch(name) for name in differ):
        return "the same code but for its symbols and debug information"
    return ""


def _alone(name: str, one: Mapping[str, bytes], two: Mapping[str, bytes]) -> list[str]:
    """The strings that one side's section has alone."""
    if not _STRINGS.fullmatch(name) or name not in one or name not in two:
        return []
    mine, other = ({part for part in side[name].split(b"\0") if re.fullmatch(rb"[ -~\t\n]+", part)} for side in (one, two))
    rows = [("theirs", sorted(other - mine)), ("ours", sorted(mine - other))]
    return [f"  only {who}: {', '.join(repr(part[:60].decode()) for part in parts[:_SHOWN])}" for who, parts in rows if parts]


def _compiler(sections: Mapping[str, bytes]) -> str:
    return " and ".join(dict.fromkeys(part.decode(errors="replace") for part in sections[".comment"].split(b"\0") if part))


def _size(content: bytes | None) -> str:
    return "none" if content is None else f"{len(content)} bytes"


def _build_id(sections: Mapping[str, bytes]) -> str:
    """elf(5): a note is three words, a name (GNU), then the id."""
    return sections.get(_ID, b"")[16:].hex() or "none"


def _symbols(sections: Mapping[str, bytes]) -> set[str]:
    names = sections.get(".strtab", b"") + sections.get(".dynstr", b"")
    return {name.decode(errors="replace") for name in names.split(b"\0") if name}


def _sections(content: bytes) -> dict[str, bytes]:
    """Name to content (elf(5)), of 32 and 64 bits and both byte orders; what is damaged has none."""
    try:
        wide, order = content[4] == 2, "<" if content[5] == 1 else ">"
        read: Callable[[str, int], tuple[int, ...]] = lambda form, at: struct.unpack_from(order + form, content, at)  # noqa: E731
        start = read("Q" if wide else "I", 0x28 if wide else 0x20)[0]
        size, count, names = read("HHH", 0x3A if wide else 0x2E)
        heads = [read("IIQQQQ" if wide else "IIIIII", start + number * size) for number in range(count)]
        table = content[heads[names][4] : heads[names][4] + heads[names][5]]
        # a section without content in the file (.bss: SHT_NOBITS, 8) has none
        return {_name(table, head[0]): content[head[4] : head[4] + head[5]] if head[1] != 8 else b"" for head in heads[1:]}
    except (struct.error, IndexError):
        return {}


def _name(table: bytes, at: int) -> str:
    return table[at:].split(b"\0", 1)[0].decode(errors="replace")
