"""clusters: what a hub is about, as a tree: sizes, labels, languages, and a few personas of each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

import orjson

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.hub_options import ClustersOptions
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.hub.clusters import NO_CLUSTERS, NO_VECTORS, read_clusters
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.records import Cluster, excerpt, printable

SHOWN_LANGUAGES = 4
EXAMPLE_CHARACTERS = 110


def show_clusters(options: ClustersOptions, _: Sequence[str]) -> int:
    """Prints a version's clusters; returns the exit code."""
    hub = open_hub(options.hub, options.version)
    rows = read_clusters(hub)
    if not rows:
        why = NO_CLUSTERS if hub.paths("vectors") else NO_VECTORS
        say(f"persona-hub clusters: version {hub.manifest.version} of {hub.output} {why}", file=sys.stderr)
        return DONE
    shown = [row for row in rows if not options.level or row.level <= options.level]
    texts = example_texts(hub, {one for row in shown for one in row.examples.split()}) if options.examples else {}
    say_lines(cluster_json(shown, texts) if options.format == "json" else cluster_tree(shown, texts))
    return DONE


def example_texts(hub: Hub, wanted: set[str]) -> dict[str, str]:
    """{persona_id: text} of some personas."""
    return {one.persona_id: one.text for one in read_personas(hub) if one.persona_id in wanted} if wanted else {}


def cluster_tree(rows: Sequence[Cluster], texts: Mapping[str, str]) -> Iterator[str]:
    """A line for each cluster, indented by its level, and one for each example."""
    top = [row for row in rows if row.level == 1]
    yield f"{quantity(sum(row.size for row in top), 'persona')} in {quantity(len(top), 'cluster')} at the top"
    for row in rows:
        indent = "  " * row.level
        words = f"{row.label or '(no label)'}  ({languages_told(row)})"
        yield f"{indent}{row.cluster:{14 - len(indent)}}{row.size:>10,}  {words}"
        for one in row.examples.split():
            if one in texts:
                yield f"{indent}{'':{26 - len(indent)}}{excerpt(texts[one], EXAMPLE_CHARACTERS)}"


def languages_told(row: Cluster) -> str:
    """The languages of a cluster, the most frequent ones."""
    languages: dict[str, int] = orjson.loads(row.languages)
    shown = ", ".join(f"{code} {n:,}" for code, n in list(languages.items())[:SHOWN_LANGUAGES])
    return f"{shown}, and others" if len(languages) > SHOWN_LANGUAGES else shown


def cluster_json(rows: Sequence[Cluster], texts: Mapping[str, str]) -> Iterator[str]:
    """A JSON object for each cluster."""
    for row in rows:
        found = {
            "cluster": row.cluster,
            "level": row.level,
            "label": printable(row.label),
            "language": printable(row.language),
            "size": row.size,
            "languages": {printable(code): n for code, n in orjson.loads(row.languages).items()},
            "examples": [
                {"persona_id": printable(one), **({"text": printable(texts[one])} if one in texts else {})}
                for one in row.examples.split()
            ],
        }
        yield orjson.dumps(found).decode()


if __name__ == "__main__":
    sys.exit(run_command("clusters", show_clusters))
