"""A report with everything in it, of made figures."""

from __future__ import annotations

import math

from persona_hub.pipelines.pages.report.form import (
    ArmRow,
    CoveragePoint,
    Example,
    HopRow,
    MapCluster,
    MapPoint,
    PersonaMap,
    Remark,
    Report,
    ShareRow,
    StageRow,
)
from persona_hub.transforms.evaluation.figures import Figure, share

TOPICS = ("nurses, wards", "harbours, dredging", "bread, ovens", "violins, strings", "soil, compost")
PLANTED = '</script><script>window.planted=1</script><img src="https://example.com/x" onerror="window.planted=1"><!--'


def made_report(points: int = 300, text: str = "", examples: int = 45) -> Report:
    """A report; `text` is added to each text of personas, samples, labels and reasons."""
    spots = [(math.cos(n * 1.7) * 3, math.sin(n * 2.3) * 2) for n in range(len(TOPICS))]
    placed = [
        MapPoint(
            round(spots[n % 5][0] + math.sin(n) * 0.9, 4),
            round(spots[n % 5][1] + math.cos(n * 7.3) * 0.8, 4),
            f"A person who knows about {TOPICS[n % 5]}, number {n}{text}",
            f"{n % 5 + 1}.1",
        )
        for n in range(points)
    ]
    clusters = [MapCluster(str(n + 1), f"{topic}{text}", 1000 - n, *spots[n]) for n, topic in enumerate(TOPICS)]
    sizes = (100, 300, 1000, 3000, 10_000, 30_000, 100_000, 1_000_000)
    countries = {"IN": 0.09, "CN": 0.12, "US": 0.41, "NG": 0.02, "DE": 0.11, "BR": 0.03}
    reference = {"IN": 0.18, "CN": 0.17, "US": 0.042, "NG": 0.028, "DE": 0.01, "BR": 0.026}
    ages = {"child": 0.02, "youth": 0.13, "adult": 0.71, "retired": 0.14}
    return Report(
        title=f"The hub of harbours{text}",
        made="2026-11-30T16:00:00Z",
        hub={
            "version": "0001-15c47874",
            "personas": 1_203_441,
            "languages": ["en", "de", "zh"],
            "model": f"offline{text}",
        },
        cost={
            "total_usd": 412.7,
            "usd_per_1000_personas": share(343, 1000),
            "stages": [
                StageRow("extract_persona", 233.1, 1_000_000, 412_000_000, 60_000_000),
                StageRow("expand_persona", 121.4, 600_000, 90_000_000, 41_000_000),
                StageRow("synthesize_math", 58.2, 80_000, 30_000_000, 29_000_000),
            ],
        },
        warnings=[
            Remark(
                f"41% of personas that tell a country are of the United States{text}",
                "Choose by `--choose stratified`.",
            ),
            Remark("A third of the samples have no proof.", bad=False),
        ],
        diversity={
            "distinct_2": share(812, 1000),
            "vendi_score": Figure(41.2, 39.9, 42.6, 10_000),
            "mean_cosine": {"hop": {"0": Figure(0.11, 0.10, 0.12, 900), "6": Figure(0.19, 0.17, 0.21, 700)}},
            "coverage": [
                CoveragePoint(size, Figure(v, v * 0.93, min(v * 1.06, 1), size), size > 100_000)
                for size, v in zip(sizes, (0.99, 0.97, 0.93, 0.86, 0.75, 0.62, 0.5, 0.3), strict=True)
            ],
        },
        repetition={
            "largest_group": Figure(712, n=1_203_441),
            "openings": [
                {"opening": f"A curious {word}{text}", "personas": 1000 - n, "share": share(1000 - n, 9000)}
                for n, word in enumerate(TOPICS)
            ],
        },
        demographics={
            "jensen_shannon": {"country": Figure(0.21, 0.2, 0.22, 9000), "age": Figure(0.04, 0.03, 0.05, 9000)},
            "shares": [
                ShareRow(name, value, share(round(part * 9000), 9000), known.get(value), "UN, 2024")
                for name, values, known in (
                    ("country", countries, reference),
                    ("life_stage", ages, dict.fromkeys(ages, 0.25)),
                )
                for value, part in values.items()
            ],
        },
        fidelity={"own_persona_nearest_of_20": share(171, 200)},
        quality={
            "accepted": share(7210, 9000),
            "rejected": [
                {"use_case": "math", "reason": f"program-disagreed{text}", "samples": 411},
                {"use_case": "tool", "reason": "schema", "samples": 90},
            ],
        },
        novelty={
            "per_dollar": {
                "hop": {str(n): Figure(900 / (n + 1), 800 / (n + 1), 1000 / (n + 1), 500) for n in range(4)}
            },
            "hops": [HopRow(n, 400_000 - 60_000 * n, 380_000 - 85_000 * n) for n in range(5)],
        },
        ablation={
            "verdict": "gain",
            "primary": "distinct_clusters",
            "effect": Figure(0.12, 0.08, 0.16, 1150),
            "arms": [
                ArmRow(arm, Figure(v, v - 0.03, v + 0.03, 1150), 12.0)
                for arm, v in (("none", 0.61), ("few", 0.66), ("hub:100", 0.7), ("hub:1000", 0.73))
            ],
        },
        map=PersonaMap(placed, clusters, 1_203_441, 0.18),
        examples=[
            Example(
                f"A person who knows about {TOPICS[n % 5]}, number {n}{text}",
                f"What is {n} + {n}?{text}",
                "math",
                "en",
                n % 3,
                "kept",
            )
            for n in range(examples)
        ],
    )
