"""What the tests of the shell library share."""

import shutil
from pathlib import Path

import pytest
from workshop import SHELLS, Workshop


@pytest.fixture(params=SHELLS)
def workshop(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    """Once for each shell."""
    if not shutil.which(SHELLS[request.param][0]):
        pytest.skip(f"no {request.param} here")
    return Workshop(request.param, tmp_path)
