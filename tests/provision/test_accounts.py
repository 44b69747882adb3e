"""Which accounts the steps make: commands as Dockerfiles have them."""

import pytest
from making import planned

from dock2sh.provision.accounts import accounts


@pytest.mark.parametrize(
    ("command", "made"),
    [
        ("useradd -r -u 977 -U web && echo", ["passwd web 977", "group web -"]),
        ("useradd -rmu977 -N web", ["passwd web 977"]),
        ("groupadd -g 1000 app && useradd --uid=1000 -g app app", ["group app 1000", "passwd app 1000"]),
        ("useradd --uid $ID ${NAME}", ["passwd web 55", "group web -"]),
        ("useradd -u $OTHER web", ["passwd web -", "group web -"]),
        ("adduser --disabled-password --gecos '' app", ["passwd app -"]),
        ("set -eux; groupadd --system --gid 999 redis; useradd -rMl -g redis redis", ["group redis 999", "passwd redis -"]),
        # it is no error where it is here
        ("addgroup --system app; adduser --system --ingroup app app; groupadd -f more", []),
        ("id app || useradd app", []),
        ("useradd app || true", []),
        ("if ! id app; then useradd app; fi", []),
        # which there are by then nobody can say
        ("userdel web; useradd web", []),
    ],
)
def test_made(command: str, made: list[str]) -> None:
    plan = planned(f"FROM debian:12\nARG ID=55 NAME=web\nRUN {command}\n")
    assert [f"{one.kind} {one.name} {one.number}" for one in accounts(plan)] == made


def test_steps_of_other_stages_make_theirs_elsewhere() -> None:
    plan = planned("FROM debian:12 AS b\nRUN useradd b\nFROM debian:12\nCOPY --from=b /etc/issue /\nRUN useradd -N c\n")
    assert [tuple(one) for one in accounts(plan)] == [(3, "passwd", "c", "-")]
