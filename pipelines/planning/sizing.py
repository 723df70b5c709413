"""How many parts the shuffles and files of a job are cut into, from the size of its input."""

from __future__ import annotations

DOCUMENT_BYTES = 2_000  # of a web page's main text, about
ROW_BYTES = 200  # of a persona's row with few other columns
BLOCK_PERSONAS = 20_000  # 10 MB of records: what one worker holds at once
SHARD_PERSONAS = 200_000  # 40 MB of deflated Avro
LEAST_BLOCKS, MOST_BLOCKS = 8, 4_096


def expected_personas(input_bytes: int, per_document: int, hops: int, per_persona: int) -> int:
    """An upper estimate of the personas that a corpus of `input_bytes` gives over all hops."""
    return with_relations(max(1, input_bytes // DOCUMENT_BYTES) * per_document, hops, per_persona)


def with_relations(personas: int, hops: int, per_persona: int) -> int:
    """`personas` of hop 0, and those that all hops add to them at most."""
    return personas * sum(per_persona**hop for hop in range(hops + 1))


def blocks_for(personas: int) -> int:
    """Parts of a shuffle."""
    return min(MOST_BLOCKS, max(LEAST_BLOCKS, personas // BLOCK_PERSONAS))


def shards_for(personas: int) -> int:
    """Files of a table."""
    return min(MOST_BLOCKS, max(1, personas // SHARD_PERSONAS))
