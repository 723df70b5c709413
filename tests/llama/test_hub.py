"""What a build through llama.cpp's server has asked, paid and kept."""

from __future__ import annotations

import json

import jsonschema
import pytest

from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.llama import IN_FLIGHT, plain
from tests.llama.conftest import Built
from tests.servers.llama.launch import LlamaServer
from tests.servers.llama.relay import Relay


def test_the_exit_code_is_what_the_manifest_says(built: Built) -> None:
    partial = bool(open_hub(str(built.build.output)).manifest.partial)
    assert built.exit_code == (3 if partial else 0), built.errors


def test_calls_go_out_side_by_side_and_the_server_answers_them_in_one_batch(short: Built) -> None:
    assert short.relay.peak == IN_FLIGHT
    decoded, written = short.metrics["n_decode_total"], short.metrics["tokens_predicted_total"]
    assert written > 1.2 * decoded  # more than one answer grew with each step


def test_every_answer_that_was_not_cut_has_the_schema_that_was_asked_for(built: Built) -> None:
    for call in built.relay.answered:
        form = call.asked["response_format"]
        assert form["type"] == "json_schema"
        if call.finish == "stop":
            jsonschema.validate(json.loads(call.text), form["json_schema"]["schema"])


def test_the_store_counts_what_the_server_counts(built: Built) -> None:
    paid = built.relay.answered
    assert len(built.relay.calls) == len(paid) == built.build.calls
    usage = [call.said["usage"] for call in paid]
    asked, written = sum(one["prompt_tokens"] for one in usage), sum(one["completion_tokens"] for one in usage)
    assert built.build.tokens == (asked, written)
    # The server's own books: a token of a prefix that it had in memory is a token of the question all the same.
    assert built.metrics["prompt_tokens_total"] + built.metrics["prompt_tokens_cached_total"] == asked
    assert built.metrics["tokens_predicted_total"] == pytest.approx(written, abs=len(paid))


def test_no_question_is_paid_twice(built: Built) -> None:
    assert set(built.relay.asked().values()) == {1}


def test_the_same_command_buys_no_answer_again(short: Built, llama: LlamaServer) -> None:
    with Relay(llama.port, listen=short.relay.listener.server_port) as relay:
        job = short.build.start()
        assert job.wait() in (0, 3), job.errors
    assert not relay.asked().keys() & short.relay.asked().keys()


def test_what_is_kept_was_said_whole_and_in_these_words(built: Built) -> None:
    """Each persona and each sample is a value of an answer that the model ended itself."""
    said = [json.loads(call.text) for call in built.relay.answered if call.finish == "stop"]
    spoken = {plain(answer["persona"]) for answer in said if "persona" in answer}
    assert {plain(text) for text in built.build.personas} <= spoken
    told = {plain(answer["instruction"]) for answer in said if "instruction" in answer}
    told |= {plain(f"{one['problem']} Answer {one['answer']}") for one in said if "problem" in one}
    assert {plain(row["synthesized text"]) for row in built.build.samples} <= told


def test_every_document_became_a_persona_or_a_dead_letter(short: Built) -> None:
    counts = open_hub(str(short.build.output)).manifest.counts["extract_persona"]
    assert counts["asked"] == 12
    assert counts["answered"] + sum(1 for one in short.build.dead_letters if one["stage"] == "extract_persona") == 12
