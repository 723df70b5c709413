"""The runners that the tests of the whole DAG use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.engines import prism
from tests.helpers import hubs

PRISM = pytest.param("PrismRunner", marks=[pytest.mark.cluster, pytest.mark.timeout(900)])


@pytest.fixture(scope="module", params=["FnApiRunner", PRISM])
def dag_runner(request: pytest.FixtureRequest) -> Iterator[str]:
    """The runner by name: this machine's, and Prism, to which Beam's DirectRunner switches where it can download it."""
    if request.param == "PrismRunner":
        hubs.RUNNER += ["--runner=PrismRunner", f"--prism_location={prism()}"]
    yield request.param
    hubs.RUNNER.clear()
