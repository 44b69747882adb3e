"""Every recorded build, by our script, in every shell: the same files and image config, or a refusal where docker refuses."""

import pytest
import recorded
from bench import Bench

from dock2sh.verify.ours import SHELLS


@pytest.mark.root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("probe", recorded.names("probes"))
def test_as_docker_builds_it(bench: Bench, probe: str, shell: str) -> None:
    problem = bench.run(probe, shell).problem
    assert not problem, problem
