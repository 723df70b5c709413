"""Dead letters show what they must, and nobody's address."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from persona_hub.transforms.records import DeadLetter
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.scrub_dead_letters import ScrubDeadLetters, scrubbed

LETTER = DeadLetter("read_corpus", "broken-json", "gs://b/part-00012.jsonl.gz", "gs://b/part-00012.jsonl.gz, line 7: x")


@pytest.mark.parametrize(
    ("excerpt", "shown"),
    [
        ("", ""),
        ('{"text": "call 030/23123456', '{"text": "call a phone number'),
        ("Write to mary@example.com, or see https://example.com/mary", "Write to an e-mail address, or see a link"),
        ("A friend of Angela Kowalski", "A friend of someone"),
        ("一位老师，邮箱wang@163.com", "一位老师，邮箱某邮箱"),  # in the words of its script
        ("Поклонник Фёдора Достоевского", "Поклонник N."),
        ("cut off within mary@exam…", "cut off within an e-mail address…"),
    ],
)
def test_an_excerpt_is_shown_without_personal_data(excerpt: str, shown: str) -> None:
    letter = replace(LETTER, excerpt=excerpt)
    assert scrubbed(Batch([letter])) == [replace(LETTER, excerpt=shown)]


def test_file_place_and_cause_stay_as_they_are() -> None:
    letter = replace(LETTER, key="mail@example.com.txt", detail="mail@example.com.txt, line 1: no text", excerpt="x")
    assert scrubbed(Batch([letter])) == [letter]


@pytest.mark.parametrize(("mode", "shown"), [("scrub", "A link"), ("drop", "A link"), ("keep", "https://example.com")])
def test_every_mode_but_keep_scrubs(mode: str, shown: str) -> None:
    batch = Batch([replace(LETTER, excerpt="https://example.com")])
    with beam.Pipeline(runner=FnApiRunner()) as p:
        letters = p | beam.Create([batch]) | ScrubDeadLetters(pii=mode) | beam.FlatMap(list)
        assert_that(letters, equal_to([replace(LETTER, excerpt=shown)]))
