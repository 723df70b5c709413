"""The tests of the whole DAG again, on Prism: what the DirectRunner switches to where it can download it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.engines import prism
from tests.helpers import hubs
from tests.jobs.test_build import *  # noqa: F403
from tests.jobs.test_golden import *  # noqa: F403


@pytest.fixture(scope="module", autouse=True)
def on_prism() -> Iterator[None]:
    hubs.RUNNER += ["--runner=PrismRunner", f"--prism_location={prism()}"]
    yield
    hubs.RUNNER.clear()


def test_the_runner_is_prism(hub) -> None:
    assert hubs.open_hub(str(hub)).manifest.runner == "PrismRunner"
