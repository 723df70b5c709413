"""Tables in YAML that stand beside the code."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

# libyaml's, which PyYAML's wheels have: all tables take 0.04 s in place of 0.35 s, in each process of a job.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def packaged_yaml(package: str, *path: str) -> Any:
    """What a file of `package` holds."""
    return LOADER(resources.files(package).joinpath(*path).read_text("utf-8")).get_single_data()
