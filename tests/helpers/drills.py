"""The mark of drills that take minutes."""

from __future__ import annotations

import os

import pytest

LONG_DRILLS = "PERSONA_HUB_DRILLS"  # set in the environment: the drills of minutes run, too


long_drill = pytest.mark.skipif(not os.environ.get(LONG_DRILLS), reason=f"a drill of minutes; {LONG_DRILLS} is not set")
