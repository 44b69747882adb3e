"""What RUN --mount asks for where it says little or too much (measured on Docker 28.5)."""

import pytest

import dock2sh
from dock2sh.bases import assumed
from dock2sh.model import Mount, Run
from dock2sh.source import Refused


def mounted(options: str) -> Mount:
    plan = dock2sh.evaluate(dock2sh.parse(f"FROM busybox\nRUN --mount={options} true\n"), find_base=assumed)
    step = plan.stages[0].steps[0]
    assert isinstance(step, Run)
    return step.mounts[0]


@pytest.mark.parametrize(
    ("options", "name", "target"),
    [
        ("type=secret,target=/a/b/", "b", "/a/b"),
        ("type=secret,id=a/b/", "a/b/", "/run/secrets/b"),
        ("type=secret,id=a,env=A", "a", ""),
        ("type=secret,id=a,env=A,target=/x", "a", "/x"),
    ],
)
def test_the_name_and_the_file_of_a_secret(options: str, name: str, target: str) -> None:
    assert (mounted(options).id, mounted(options).target) == (name, target)


def test_a_variable_has_a_name() -> None:
    with pytest.raises(Refused, match="invalid environment variable: name cannot be empty"):
        mounted("type=secret,id=a,env=")


def test_a_cache_that_begins_with_files_keeps_their_mode_and_owner() -> None:
    assert mounted("type=cache,target=/x,mode=700,uid=5").mode == 0o700
    taken = mounted("type=cache,target=/x,from=debian,source=/var,mode=700,uid=5")
    assert (taken.mode, taken.uid) == (None, None)


def test_a_size_is_a_number_of_gos() -> None:
    sizes = {"1e3": 1000, ".5m": 512 * 1024, "5.k": 5120, "+5": 5, "5 ": 5, "1_000b": 1000, "-0": 0, "2GiB": 2 << 30}
    assert {size: mounted(f'"type=tmpfs,target=/x,size={size}"').size for size in sizes} == sizes
