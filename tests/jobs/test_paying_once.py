"""Nothing is paid twice: not when bundles fail and are done again, not when a finished build is built otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.transforms.llm import generate
from persona_hub.transforms.llm.generate import AskModel
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.hubs import personas, samples
from tests.helpers.paid import SMALL, content, corpus_of, paying, run_build, spend, whole
from tests.servers.models.launch import FakeServer

# Beam's own runner that does a failed bundle again, up to four times in all; FnApiRunner and Prism retry nothing. Its
# workers are threads of this process (LOOPBACK says as much), so they see an embedded store.
RETRYING = [
    "--runner=apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner",
    "--environment_type=LOOPBACK",
]


class FailsOnce(AskModel):
    """Fails once in every bundle: when half of a batch's questions are asked, or when all is paid and given out."""

    amid: ClassVar[bool] = False
    failed: ClassVar[set[tuple[str, ...]]] = set()
    name: tuple[str, ...] = ()  # of the bundle: the stage, the keys of the first batch

    def start_bundle(self) -> None:
        self.name = ()
        super().start_bundle()

    def process(self, batch: Batch[Any]) -> Iterator[Any]:
        self.name = self.name or (self.stage, *(self.task.key(record) for record in batch))
        if self.amid:
            half = len(batch) // 2
            yield from super().process(Batch(batch[:half]))
            self.fail_once()
            batch = Batch(batch[half:])
        yield from super().process(batch)

    def finish_bundle(self) -> Iterator[Any]:
        yield from super().finish_bundle()
        self.fail_once()

    def fail_once(self) -> None:
        if self.name not in self.failed:
            self.failed.add(self.name)
            raise RuntimeError("as of a worker that is lost")


@pytest.mark.parametrize("amid", [False, True], ids=["at its end", "amid a batch"])
def test_bundles_that_fail_once_pay_once_and_all_branches_see_one_text(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, amid: bool
) -> None:
    server.tell(changing=True, median_ms=5)
    corpus, flags = corpus_of(tmp_path, 12), [*paying(server, tmp_path), *SMALL]
    with monkeypatch.context() as failing:
        failing.setattr(generate, "AskModel", FailsOnce)
        failing.setattr(FailsOnce, "amid", amid)
        monkeypatch.setattr(FailsOnce, "failed", set())
        assert run_build(corpus, tmp_path / "out", [*flags, *RETRYING]) == DONE
    stages = {stage for stage, *_ in FailsOnce.failed}
    assert stages == {"extract_persona", "expand_persona", "synthesize_math"}
    counts = server.counts()
    assert counts["paid"] == counts["prompts"] == sum(one.calls for one in spend(tmp_path / "out").values())

    texts = {one.persona_id: one.text for one in personas(tmp_path / "out")}
    assert {row["persona_id"]: row["input persona"] for row in samples(tmp_path / "out", "math")} == texts
    # The model would say something else each time: who asks the store sees what the first build saw, in every branch.
    server.tell(changing=True)
    store = f"sqlite:{tmp_path}/out/responses.sqlite"
    assert run_build(corpus, tmp_path / "again", [*flags, "--response_store", store]) == DONE
    assert server.counts()["calls"] == 0
    assert whole(tmp_path / "again") == whole(tmp_path / "out")


def test_another_threshold_sends_no_call(server: FakeServer, undisturbed: tuple[Path, int], tmp_path: Path) -> None:
    hub, _ = undisturbed
    flags = [*paying(server, tmp_path), *SMALL, "--response_store", f"sqlite:{hub}/responses.sqlite"]
    flags += ["--minhash_threshold", "0.6", "--embedding_threshold", "0.8"]
    assert run_build(hub.parent / "corpus.jsonl", tmp_path / "out", flags) == DONE
    assert server.counts()["calls"] == 0
    kept, of = content(tmp_path / "out")[0], content(hub)[0]
    assert kept < of  # the threshold did something
