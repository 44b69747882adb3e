"""What counts as a difference, what is noise, and the verdict."""

from typing import Any

import pytest

from dock2sh.verify.compare import Difference, Result, compare, configs
from dock2sh.verify.noise import ROWS
from dock2sh.verify.oddities import forgiven
from dock2sh.verify.report import Verdict, as_json, text
from dock2sh.verify.snapshot import Entry

FILE = Entry("f", 0o644, 0, 0, 1500000000, 3, "ab" * 32)
DIRECTORY = Entry("d", 0o755, 0, 0, 100)


def differences(ours: dict[str, Entry], theirs: dict[str, Entry], **times: int) -> list[tuple[str, str]]:
    mine = Result(ours, {}, None, times.get("we", 10**12))
    other = Result(theirs, {}, None, times.get("they", 10**12))
    return [(found.where, found.what) for found in compare(mine, other)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"mode": 0o4644}, "mode"),
        ({"uid": 1}, "owner"),
        ({"gid": 1}, "owner"),
        ({"mtime": 1500000001}, "mtime"),
        ({"size": 4}, "content"),
        ({"digest": "cd" * 32}, "content"),
        ({"links": "/f"}, "hard links"),
        ({"xattrs": (("user.a", "00"),)}, "xattrs"),
        ({"kind": "p"}, "type"),
        ({"digest": ""}, "content"),
    ],
)
def test_every_property_counts(change: dict[str, Any], what: str) -> None:
    assert differences({"/f": FILE}, {"/f": FILE._replace(**change)}) == [("/f", what)]


def test_what_is_not_a_promise_of_docker_does_not_count() -> None:
    assert differences({"/d": DIRECTORY}, {"/d": DIRECTORY._replace(mtime=999)}) == []
    link = Entry("l", 0o777, 0, 0, 1, target="x")
    assert differences({"/l": link}, {"/l": link._replace(mode=0o755)}) == []
    assert differences({"/f": FILE._replace(digest="")}, {"/f": FILE._replace(digest="")}) == []
    assert differences({"/f": FILE}, {"/f": FILE._replace(digest="ab" * 8)}) == []


def test_now_is_now_but_kept_times_are_compared() -> None:
    early, late = {"/f": FILE._replace(mtime=2000)}, {"/f": FILE._replace(mtime=3000)}
    assert differences(early, late, we=2000, they=3000) == []
    assert differences(early, late, we=2000, they=3001) == [("/f", "mtime")]
    assert differences({"/f": FILE._replace(mtime=1000)}, late, we=2000, they=3000) == [("/f", "mtime")]


def test_missing_and_extra() -> None:
    assert differences({"/a": FILE}, {"/b": FILE}) == [("/a", "extra"), ("/b", "missing")]


@pytest.mark.parametrize(
    ("ours", "theirs", "count"),
    [
        ({"Cmd": None, "User": "", "Labels": {}}, {}, 0),
        ({"Cmd": ["a", "b"]}, {"Cmd": ["b", "a"]}, 1),
        ({"Env": ["A=1", "B=2"]}, {"Env": ["B=2", "A=1"]}, 1),
        ({"Volumes": {"/a": {}}}, {"Volumes": {"/a": {}}}, 0),
        ({"ArgsEscaped": False}, {"ArgsEscaped": True}, 1),
    ],
)
def test_configs(ours: dict[str, Any], theirs: dict[str, Any], count: int) -> None:
    assert len(compare(Result({}, ours), Result({}, theirs))) == count


def test_of_configs_is_shown_what_differs() -> None:
    path = "PATH=/bin"
    found = list(configs({"Env": [path, "A=1"], "Labels": {"a": "1", "b": "2"}}, {"Env": [path, "A=2"], "Labels": {"a": "1"}}))
    assert [(one.where, one.ours, one.theirs) for one in found] == [
        ("Env", "['A=1'], and 1 that both have", "['A=2'], and 1 that both have"),
        ("Labels", "{'b': '2'}", "{}"),
    ]


def test_whether_an_entry_of_the_history_makes_a_layer() -> None:
    ours, theirs = (Result({}, {}, ("RUN a", "CMD b"), empty=empty) for empty in ((False, True), (True, True)))
    assert [(one.where, one.ours, one.theirs) for one in compare(ours, theirs)] == [
        ("history 1", "makes a layer", "makes no layer")
    ]
    assert compare(ours, theirs._replace(empty=None)) == []


def test_histories_are_compared_from_the_end() -> None:
    found = compare(Result({}, {}, ("RUN a", "RUN b")), Result({}, {}, ("base", "RUN a", "RUN c")))
    assert [(one.where, one.ours, one.theirs) for one in found] == [("history 1", "", "base"), ("history 3", "RUN b", "RUN c")]


def test_a_log_is_compared_but_for_times_and_fingerprints() -> None:
    mask = next(row.mask for row in ROWS if row.code == "install-log")
    line = "Log started: {}\n256 SHA256:{} root@buildkitsandbox (ED25519)\n"
    assert mask(line.format("2026-01-02  03:04:05", "a" * 43).encode()) == mask(
        line.format("2027-01-02  13:04:05", "B+/" + "b" * 40).encode()
    )
    assert mask(line.format("now", "a" * 43).encode()) != mask(line.format("then", "a" * 43).encode())


def test_a_pyc_that_is_checked_by_hash_is_not_excused() -> None:
    mask = next(row.mask for row in ROWS if row.code == "pyc-mtime")
    assert mask(b"\xa7\r\r\n\1\0\0\0AAAA") != mask(b"\xa7\r\r\n\1\0\0\0BBBB")


def test_the_report_says_what_a_person_needs_first() -> None:
    found = (Difference("/x\x1b[2J", "mode", "0644", "0600"), Difference("/y.pyc", "content", "a", "b", "pyc-mtime"))
    shown = text(Verdict("different", found, 7, ("a note",)))
    assert shown.splitlines()[0] == "DIFFERENT  7 files, 1 difference, 1 of known noise"
    assert "\x1b" not in shown
    assert "pyc-mtime: Python writes its source's mtime into compiled files" in shown
    assert "note: a note" in shown
    assert '"pyc-mtime"' in as_json(Verdict("different", found))
    assert [Verdict(word).status for word in ("identical", "equivalent", "different", "not built", "inconclusive")] == [
        0,
        0,
        1,
        3,
        4,
    ]


def test_a_report_shows_no_secret() -> None:
    from dock2sh.verify.causes import detail

    assert "AAAA" not in detail(b"-----BEGIN PRIVATE KEY-----\nAAAA", b"other")
    assert "hash" not in detail(b"other", b"ada:$y$j9T$salt$hash:1:")
    assert detail(b"a\n", b"b\n").endswith("-b\n+a")


def test_a_tab_that_docker_shows_as_a_blank() -> None:
    found = [Difference("history 1", "history", ours, "RUN a b") for ours in ("RUN a\tb", "RUN a\tc", "RUN a  b")]
    assert [one.noise for one in forgiven(found, "docker", True, {})] == ["history-tabs", "", ""]
