"""The room of vectors is numpy alone: no module of it loads Beam, which takes a second."""

from __future__ import annotations

import subprocess
import sys

from tests.helpers.places import ROOT


def test_no_module_loads_beam() -> None:
    modules = sorted(f"persona_hub.transforms.vectors.{file.stem}" for file in ROOT.glob("transforms/vectors/[!_]*.py"))
    code = f"import sys, {', '.join(modules)}; assert 'apache_beam' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
