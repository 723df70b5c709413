"""import-responses: what a half-price batch API answered -> the response store."""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

import zstandard
from apache_beam.io.filesystem import BeamIOError

from persona_hub.pipelines.cli.command_options import ImportOptions
from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.store_choice import named_store
from persona_hub.pipelines.runners.response_store import opened_store
from persona_hub.transforms.counting.quantity import noun_for
from persona_hub.transforms.counting.stages import ASK_ATTRIBUTES, EXPAND_PERSONA, EXTRACT_PERSONA, synthesize_stage
from persona_hub.transforms.files.storage import list_paths, open_decompressed
from persona_hub.transforms.llm.batch_forms import BatchAnswer, read_answer
from persona_hub.transforms.llm.dialects.answers import CUT_OFF
from persona_hub.transforms.llm.export import refuse_without_batches
from persona_hub.transforms.llm.prices import Price, price_of
from persona_hub.transforms.llm.protocol import Completion, pack_completion
from persona_hub.transforms.store.protocol import Put, ResponseStore, Spend

ANSWERS_IN_TRANSACTION = 500  # answers in a transaction
FREE = Price(0.0, 0.0)
CUT = "of the answers cut off at their limit of tokens, and of no use: export anew with a higher --max_tokens"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def import_batch_answers(options: ImportOptions, _: Sequence[str]) -> int:
    """Imports, and says what came of it; returns the exit code."""
    if not options.batch_model:
        raise UsageError("--batch_model: must name the model that answered, as it was named at the export")
    refuse_without_batches(options.batch_model)
    price = price_of(options.batch_model, "", options.price_file)
    files = matching_files(options.input)
    counts: Counter[str] = Counter()
    with closing(opened_store(named_store(options))) as store:
        for group in groups(answers(files, counts), counts):
            put_group(store, group, price or FREE, counts)
    stored = counts.pop("stored", 0)
    say(f"{stored:>10,} {noun_for(stored, 'answer')} stored, {counts.pop('known', 0):,} there already")
    if price is None:
        say(f"{'':11}their cost is not counted: no price of {options.batch_model} is known; see --price_file")
    for name, n in sorted(counts.items()):
        say(f"{n:>10,} {name}")
    return DONE


def matching_files(patterns: Sequence[str]) -> list[str]:
    """The files that patterns name, each once. Raises UsageError for a pattern that names none."""
    paths: dict[str, None] = {}
    for pattern in patterns:
        try:
            found = list_paths(pattern)
        except (BeamIOError, ValueError) as error:
            raise UsageError(f"--input {pattern}: {error}") from error
        if not found:
            raise UsageError(f"--input {pattern}: matches no file")
        paths |= dict.fromkeys(found)
    return list(paths)


def answers(paths: Sequence[str], counts: Counter[str]) -> Iterator[tuple[BatchAnswer, Completion]]:
    """The answers in files; what is none is counted under the reason."""
    for path in paths:
        for line in answer_lines(path, counts):
            answer = read_answer(line)
            if answer is None:
                counts["lines without an answer to an exported request"] += bool(line.strip())
            elif answer.completion is None:
                counts[f"failed: {answer.reason}"] += 1
            else:
                if answer.completion.finish == CUT_OFF:
                    counts[CUT] += 1
                yield answer, answer.completion


def answer_lines(path: str, counts: Counter[str]) -> Iterator[bytes]:
    """The lines of a file, compressed or not; one that is damaged is counted, and gives what stands before that."""
    try:
        with open_decompressed(path) as file:
            yield file.readline().removeprefix(BYTE_ORDER_MARK)
            yield from iter(file.readline, b"")  # a compressed file has no other way to be walked
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        counts[f"file that cannot be read to its end ({error}); fetch it again: {path}"] += 1


def groups(
    items: Iterator[tuple[BatchAnswer, Completion]], counts: Counter[str]
) -> Iterator[list[tuple[BatchAnswer, Completion]]]:
    """Answers in groups, no key twice in one; a second answer to a question is counted as known."""
    group: dict[bytes, tuple[BatchAnswer, Completion]] = {}
    for answer, completion in items:
        counts["known"] += answer.key in group
        group.setdefault(answer.key, (answer, completion))
        if len(group) >= ANSWERS_IN_TRANSACTION:
            yield list(group.values())
            group = {}
    if group:
        yield list(group.values())


def put_group(
    store: ResponseStore, group: Sequence[tuple[BatchAnswer, Completion]], price: Price, counts: Counter[str]
) -> None:
    """Stores the answers that the store lacks, and counts what they cost; done again it changes nothing."""
    known = store.get_many([answer.key for answer, _ in group])
    puts = [
        Put(
            answer.key,
            pack_completion(completion),
            stage_of(answer.task),
            spend_of(completion, price),
            subject=answer.subject,
        )
        for answer, completion in group
        if answer.key not in known
    ]
    if puts:
        store.commit(puts)
    counts["stored"] += len(puts)
    counts["known"] += len(group) - len(puts)


def stage_of(task: str) -> str:
    """The stage whose questions a task asks."""
    return task if task in (EXTRACT_PERSONA, EXPAND_PERSONA, ASK_ATTRIBUTES) else synthesize_stage(task)


def spend_of(completion: Completion, price: Price) -> Spend:
    """What an answer cost at the batch price, in billionths of a dollar."""
    tokens = completion.input_tokens * price.input + completion.output_tokens * price.output
    cost = round(tokens * price.batch * 1000)
    return Spend(1, completion.input_tokens, completion.output_tokens, cost, int(completion.estimated))


if __name__ == "__main__":
    sys.exit(run_command("import-responses", import_batch_answers))
