"""The plan of an experiment: what is compared, and how it is decided, written down before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from persona_hub.pipelines.cli.command_options import AblateOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import deciding_values
from persona_hub.transforms.ablate.arm_task import ArmPersonas
from persona_hub.transforms.ablation.arms import VERBALISED
from persona_hub.transforms.ablation.outcome import PRIMARY_METRIC, Primary
from persona_hub.transforms.ablation.thresholds import cluster_threshold
from persona_hub.transforms.ablation.verbalised import verbalised
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import file_exists, join_path, read_bytes
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import content_id
from persona_hub.transforms.synthesis.use_case import UseCase

PLAN_FILE = "plan.json"


@dataclass(frozen=True, kw_only=True)
class AblationPlan:
    """What was decided, and a hash of it that the outcome repeats."""

    primary: Primary
    told: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """32 hex digits."""
        return content_id(orjson.dumps(self.told, option=orjson.OPT_SORT_KEYS).decode())

    def write(self, output: str) -> None:
        """Writes the plan into the output folder."""
        whole = {"hash": self.hash, **self.told}
        write_bytes(join_path(output, PLAN_FILE), orjson.dumps(whole, option=orjson.OPT_INDENT_2))

    def require_own_folder(self, output: str) -> None:
        """Raises UsageError where the folder holds another plan: a plan is not changed once it is known what comes.

        So it does where it holds a hub, whose samples those of the arms would be taken for.
        """
        if read_current(output):
            raise UsageError(f"--output {output}: holds a hub; name a folder of its own for the experiment")
        path = join_path(output, PLAN_FILE)
        try:
            found = orjson.loads(read_bytes(path)) if file_exists(path) else {"hash": self.hash}
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict) or "hash" not in found:
            raise UsageError(f"--output {output}: its {PLAN_FILE} is no plan of `ablate`; name another folder")
        if found["hash"] != self.hash:
            raise UsageError(f"--output {output}: holds an experiment with another plan; name another folder")


def plan_of(
    options: AblateOptions,
    hub: Hub,
    use_case: UseCase,
    arms: Sequence[ArmPersonas],
    embedder: EmbedderConfig,
    checks: Mapping[str, Any],
) -> AblationPlan:
    """The plan. Raises UsageError for a comparison of arms that there are not. `checks`: as `decisive_checks` says."""
    names = [one.arm.name for one in arms]
    compare = options.compare or (names[-1], names[0])
    if len(compare) != 2 or not set(compare) <= set(names):
        raise UsageError(f"--compare {','.join(compare)}: name two of --arms, which has {', '.join(names)}")
    primary = Primary(
        treatment=compare[0],
        control=compare[1],
        threshold=options.cluster_threshold or cluster_threshold(embedder.name),
        least=options.least_gain,
    )
    told = {
        "primary": {"metric": PRIMARY_METRIC, **vars(primary)},
        "samples_per_arm": options.samples_per_arm,
        "arms": {
            one.arm.name: {"fixed": one.arm.fixed, "personas": [persona.persona_id for persona in one.personas]}
            for one in arms
        },
        "hub_version": hub.manifest.version,
        "use_case": use_case.name,
        "prompts": {
            one.arm.name: (verbalised(use_case) if one.arm.kind == VERBALISED else use_case).prompt.prompt_hash
            for one in arms
        },
        "embedder": embedder.name,
        "options": deciding_values(options),
        "checks": checks,
    }
    return AblationPlan(primary=primary, told=orjson.loads(orjson.dumps(told)))
