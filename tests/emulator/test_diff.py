"""`dock2sh diff`: what each step changed, in docker diff's letters."""

import json

import pytest
from building import Emulate, dock2sh

pytestmark = pytest.mark.root

FILE = """\
FROM busybox
RUN echo one >/etc/one; echo x >>/etc/passwd; rm -rf /var/spool
RUN rm /etc/one; mkdir /var/spool; echo two >/var/spool/two
CMD true
"""


def test_added_changed_deleted(emulate: Emulate) -> None:
    assert emulate(FILE, "-t", "changed").returncode == 0
    shown = dock2sh("diff", "changed").stdout
    first, second = (block.splitlines() for block in shown.strip().split("\n\n"))
    assert first[0].startswith("# RUN /bin/sh -c echo one")
    assert {"A /etc/one", "C /etc/passwd", "D /var/spool"} <= set(first)
    assert {"D /etc/one", "A /var/spool/two"} <= set(second)


def test_as_json_with_sizes_and_the_base(emulate: Emulate) -> None:
    assert emulate(FILE, "-t", "changed").returncode == 0
    whole = json.loads(dock2sh("diff", "--all", "--format=json", "changed").stdout)
    assert len(whole) == 3
    assert {"kind": "A", "path": "/etc/one", "size": 4} in whole[1]["changes"]
