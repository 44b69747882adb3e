"""Every recorded build, by our script, in every shell: the same files and image config, or a refusal where docker refuses."""

import pytest
import recorded
from bench import Bench

from dock2sh.verify.ours import SHELLS

# what busybox alone cannot do, and says: its tar cannot give the files of an archive one by one, nor tell what type they have
LACKING = {
    (name, "busybox"): "missing: GNU tar"
    for name in ("add-contiguous", "add-great-owners", "add-link-then-file", "add-link-to-link", "add-volume-label")
}


@pytest.mark.root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("probe", recorded.names("probes"))
def test_as_docker_builds_it(bench: Bench, probe: str, shell: str) -> None:
    problem = bench.answer(probe, shell)
    assert LACKING[probe, shell] in problem if (probe, shell) in LACKING else not problem, problem
