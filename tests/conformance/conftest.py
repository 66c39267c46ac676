"""Every law over every cell on every machine."""

import pytest
from tests.conformance.laws import CELLS, MACHINES, marked

from elman.cells import Elman
from elman.layers import Recurrent


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    """A machine that is there; the native one is skipped, with the reason, where it is not."""
    if request.param == "native":
        need_native()
    return request.param


@pytest.fixture
def native() -> str:
    """The native machine, or a skip."""
    need_native()
    return "native"


@pytest.fixture(params=map(marked, CELLS))
def cell(request: pytest.FixtureRequest) -> str:
    """The name of a cell."""
    return request.param


def need_native() -> None:
    """Skip the test where there is no native machine."""
    if not hasattr(Recurrent(Elman(1, 1)), "machine"):
        pytest.skip("layers do not choose a machine yet")
    from elman.native import library

    reason = library.unavailable_reason()
    if reason:
        pytest.skip(reason)
