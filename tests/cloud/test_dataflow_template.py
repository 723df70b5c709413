"""templates/dataflow and cloudbuild.yaml: their parts fit each other, and the services' own messages take them."""

from __future__ import annotations

import json
import re
from typing import Any

import apache_beam
import pytest
import yaml
from google.cloud.devtools.cloudbuild_v1.types import Build

from persona_hub.pipelines.cloud.template import TEMPLATES
from tests.helpers.places import ROOT

FOLDER = ROOT / "templates" / "dataflow"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()


@pytest.fixture
def steps() -> dict[str, Any]:
    """Steps of the build by name."""
    told = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    build = Build.from_json(json.dumps(told), ignore_unknown_fields=False)
    return {step.id: step for step in build.steps}


def test_each_template_is_built_of_what_was_tested(steps: dict[str, Any]) -> None:
    def before(step: str) -> set[str]:
        return {step}.union(*(before(earlier) for earlier in steps[step].wait_for))

    assert set(steps) == {"test"} | {f"{job}-{part}" for job in TEMPLATES for part in ("image", "push", "template")}
    for job in TEMPLATES:
        assert {"test", f"{job}-image", f"{job}-push"} <= before(f"{job}-template")
        image, push, template = (list(steps[f"{job}-{part}"].args) for part in ("image", "push", "template"))
        (name,) = [arg.removeprefix("--tag=") for arg in image if arg.startswith("--tag=")]
        assert f"--build-arg=JOB={job}" in image
        assert f"--build-arg=IMAGE={name}" in image
        assert "--build-arg=EXTRAS=${_EXTRAS}" in image
        assert push == ["push", name]
        assert f"--image={name}" in template
        assert (ROOT / f"templates/dataflow/{job}.json").exists()
        assert f"--metadata-file=templates/dataflow/{job}.json" in template
        assert "--file=templates/dataflow/Dockerfile" in image


def test_every_substitution_has_a_default(steps: dict[str, Any]) -> None:
    text = (ROOT / "cloudbuild.yaml").read_text()
    assert set(re.findall(r"\$\{(_\w+)\}", text)) == set(yaml.safe_load(text)["substitutions"])


def test_the_image_holds_what_it_names() -> None:
    assert f"FROM apache/beam_python3.11_sdk:{apache_beam.__version__}\n" in DOCKERFILE
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split()), line
    assert "pip list --format=freeze > installed.txt" in DOCKERFILE
    assert '--constraint installed.txt ".[${EXTRAS}]"' in DOCKERFILE, "extras do not move what is locked"
    assert DOCKERFILE.endswith('ENTRYPOINT ["/opt/apache/beam/boot"]\n')
