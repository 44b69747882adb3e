"""The bench of the session, told at once which cases are wanted, so that it can run them side by side."""

from collections.abc import Iterator

import pytest
from bench import Bench


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("conformance"))
    specs = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    made.start([(params["probe"], params["shell"]) for params in specs if {"probe", "shell"} <= params.keys()])
    yield made
    made.close()
