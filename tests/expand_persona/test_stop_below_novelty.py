"""--stop_below_novelty: hops that bring nothing are the last, and their personas' calls are not made."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import orjson
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.expand_persona.stop_below_novelty import FoundAndAnswers, StopBelowNovelty
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.hubs import personas
from tests.helpers.paid import corpus_of, paying
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

PEOPLE = [persona(f"Keeper of lighthouse {n}", hop=1) for n in range(10)]
DOCUMENTS = 10
NEW_AT_HOP_1 = 3
SHAPE = ["--expand_hops", "3", "--embedding_threshold", "1.0"]  # EmbedDedup comes after all hops


def cut(people: Sequence[Persona], draw: random.Random) -> list[Batch[Persona]]:
    """Batches of any size, in any order."""
    left, batches = draw.sample(people, len(people)), []
    while left:
        size = draw.randint(1, 4)
        batches.append(Batch(left[:size]))
        left = left[size:]
    return batches


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("new", "answers", "least", "stops"),
    [(3, 10, 0.3, False), (3, 10, 0.31, True), (7, 10, 0.7, False), (0, 10, 0.01, True), (3, 0, 1.0, False)],
)
def test_two_sums_decide_however_the_personas_come(
    new: int, answers: int, least: float, stops: bool, seed: int
) -> None:
    draw = random.Random(seed)
    with beam.Pipeline(runner=FnApiRunner()) as p:
        sides = [
            p | f"Side {i}" >> beam.Create(cut(PEOPLE[:n], draw), reshuffle=False) for i, n in enumerate((new, answers))
        ]
        split = FoundAndAnswers(sides[0], (sides[1],)) | StopBelowNovelty(least=least)
        [stopped] = split.not_expanded
        asked = split.asked | "Asked" >> beam.FlatMap(list)
        not_expanded = stopped | "Not" >> beam.FlatMap(list)
        assert_that(asked, equal_to([] if stops else PEOPLE[:new]), label="asked")
        assert_that(not_expanded, equal_to(PEOPLE[:new] if stops else []), label="not expanded")


def test_without_a_limit_or_a_hop_before_all_are_asked() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        people, answers = (p | f"{i}" >> beam.Create([Batch(PEOPLE)], reshuffle=False) for i in range(2))
        assert (FoundAndAnswers(people, (answers,)) | "Off" >> StopBelowNovelty(least=0.0)) == (people, ())
        assert (FoundAndAnswers(people) | "Hop 1" >> StopBelowNovelty(least=1.0)) == (people, ())


@pytest.mark.parametrize("least", [-0.1, 1.1])
def test_a_share_of_the_answers(least: float) -> None:
    with pytest.raises(ValueError, match=f"--stop_below_novelty {least}"):
        StopBelowNovelty(least=least)


def built(server: FakeServer, folder: Path, *flags: str) -> tuple[Manifest, int]:
    """A hub of three hops, of which the first brings three new personas in ten answers; the calls that it cost."""
    folder.mkdir()
    jobs = ["tinsmith in Aarhus", "tuba player in Bergen", "glazier in Cork"]
    texts = [f"A {jobs[min(n, NEW_AT_HOP_1 - 1)]}" for n in range(DOCUMENTS)]
    later = [f"A {work} from the valley of {work}s" for work in ("miller", "tailor", "cooper", "weaver", "roofer")]
    answers = [orjson.dumps({"relation": "friend", "persona": text}).decode() for text in [*texts, *later]]
    server.tell(answers={"in close relationship with this persona": answers})
    command = ["build", "--input", str(corpus_of(folder, DOCUMENTS)), "--output", str(folder / "out")]
    assert main([*command, *SHAPE, *paying(server, folder), *flags]) == DONE
    return open_hub(str(folder / "out")).manifest, server.counts()["paid"]


def test_later_hops_send_no_calls(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, calls = built(server, tmp_path / "whole")
    assert "not-expanded-novelty" not in whole.counts["expand_persona"]
    capsys.readouterr()
    stopped, fewer = built(server, tmp_path / "stopped", "--stop_below_novelty", "0.5")
    counts = stopped.counts["expand_persona"]
    assert (counts["asked"], counts["not-expanded-novelty"]) == (DOCUMENTS, NEW_AT_HOP_1)
    assert counts["personas"] == DOCUMENTS + NEW_AT_HOP_1
    assert fewer == DOCUMENTS + DOCUMENTS < calls
    said = capsys.readouterr().out
    assert "ended with hop 1: 0.300 new personas for each answer" in said
    assert "--stop_below_novelty 0.5; 3 were not expanded" in said
    # The limit can be read off a build that has none.
    by_hop = whole.novelty["by_hop"]
    assert {name: by_hop["1"][name] for name in ("answers", "new", "per_answer")} == {
        "answers": DOCUMENTS, "new": NEW_AT_HOP_1, "per_answer": 0.3,
    }  # fmt: skip
    assert by_hop["2"]["answers"] == NEW_AT_HOP_1
    assert "answers" not in by_hop["0"]
    just_so, _ = built(server, tmp_path / "just_so", "--stop_below_novelty", "0.3")
    assert just_so.counts["expand_persona"]["asked"] == whole.counts["expand_persona"]["asked"]


def test_it_ends_alike_however_the_work_is_cut(examples: Path, tmp_path: Path) -> None:
    corpus = str(examples / "corpus" / "*")
    found = []
    for partitions in ("1", "5"):
        output = tmp_path / partitions
        command = ["build", "--input", corpus, "--output", str(output), "--partitions", partitions]
        flags = ["--stop_below_novelty", "1.0", "--minhash_threshold", "0.5"]
        assert main([*command, *SHAPE, *flags]) == DONE
        found.append((open_hub(str(output)).manifest.counts, {one.text for one in personas(output)}))
    assert found[0] == found[1]
    assert found[0][0]["expand_persona"]["not-expanded-novelty"] > 0


def test_a_refresh_ends_as_the_hub_was_built(server: FakeServer, tmp_path: Path) -> None:
    built(server, tmp_path / "first", "--stop_below_novelty", "0.5")
    more = corpus_of(tmp_path, DOCUMENTS * 2)  # the first ten are known
    hub = tmp_path / "first" / "out"
    server.tell(answers={"in close relationship with this persona": ['{"relation": "friend", "persona": "A cooper"}']})
    assert main(["refresh", "--hub", str(hub), "--input", str(more)]) == DONE
    manifest = open_hub(str(hub)).manifest
    assert manifest.parameters["stop_below_novelty"] == 0.5
    counts = manifest.counts["expand_persona"]
    assert (counts["asked"], counts["not-expanded-novelty"]) == (DOCUMENTS, 1)
