"""How rows meet: by keys in partitions, against a dictionary of all keys; and where they lie."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import CorpusError
from persona_hub.transforms.dedup.chunk_rows import RowLayout, lines_before
from persona_hub.transforms.dedup.edge_payloads import pack_verified, unpack_verified
from persona_hub.transforms.dedup.find_duplicates import collapse_equal_texts
from persona_hub.transforms.dedup.key_payloads import bucket_members, pack_keys, sets_by_group, unpack_columns
from persona_hub.transforms.dedup.layout import pack_by_block
from persona_hub.transforms.dedup.persona_rows import (
    ExistingRows,
    PersonaLayout,
    decode_rows,
    fill_similarities,
    pack_existing,
    pack_personas,
    unpack_existing,
)
from persona_hub.transforms.dedup.sources import CHUNK, CHUNK_BITS, PACKED_LEAST, Source, source_at, sources_of
from persona_hub.transforms.dedup.text_field import text_field_of
from persona_hub.transforms.records import partition_of
from persona_hub.transforms.similarity.edges import Edges, ImplicitEdges, VerifiedEdges
from persona_hub.transforms.similarity.ranks import NEW, rank_of, ranks_of
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import unpack_arrays
from tests.material.personas import persona

NEAR = st.integers(0, 40)
FAR = st.integers(0, 2**64 - 1)
FILES = st.tuples(st.integers(0, 1), NEAR).map(lambda at: NEW + (at[0] << 40) + at[1])  # with a gap between elements
RANKS = {"of one file": NEAR.map(lambda n: NEW + n), "of several files": FILES, "from anywhere": FAR}


@pytest.mark.parametrize("where", ["of one file", "of several files", "from anywhere"])
@given(data=st.data(), partitions=st.integers(1, 5))
def test_rows_that_share_a_key_meet_under_the_first_of_them(data: st.DataObject, partitions: int, where: str) -> None:
    rank = RANKS[where]
    keys = st.integers(0, 7).map(lambda n: n * 0x9E3779B97F4A7C15 % 2**64)
    rows = data.draw(st.dictionaries(rank, st.sets(keys, max_size=4), max_size=12))
    order = sorted(rows)
    split = data.draw(st.integers(0, len(order)))
    packs: dict[int, list[bytes]] = defaultdict(list)
    for part in (order[:split], order[split:]):
        pairs = [(key, row) for row in part for key in sorted(rows[row])]
        columns = [np.array(column, np.uint64) for column in (zip(*pairs, strict=True) if pairs else ([], []))]
        for partition, packed in pack_keys(columns[0], columns[1], partitions):
            packs[partition].append(packed)
    by_key: dict[int, list[int]] = defaultdict(list)
    for row in order:
        for key in rows[row]:
            by_key[key].append(row)
    wanted = {(row, min(bucket)) for bucket in by_key.values() if len(bucket) > 1 for row in bucket}
    found = [
        pair for packed in packs.values() for pair in zip(*(c.tolist() for c in bucket_members(packed)), strict=True)
    ]
    assert set(found) == wanted
    for elements in packs.values():
        ranks, labels = bucket_members(elements)
        assert len(set(zip(ranks.tolist(), labels.tolist(), strict=True))) == len(ranks), "each pair once"


@given(st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(0, 99), min_size=1, max_size=4)), max_size=8))
def test_token_sets_go_with_their_group(rows: list[tuple[int, set[int]]]) -> None:
    group = np.array([g * 0x9E3779B97F4A7C15 % 2**64 for g, _ in rows], np.uint64)
    count = np.array([len(words) for _, words in rows], np.int64)
    tokens = np.array([word for _, words in rows for word in sorted(words)], np.uint32)
    parts = dict(sets_by_group(group, np.arange(len(rows)), count, tokens, 4))
    back = {}
    for packed in parts.values():
        groups, rank, size, words = unpack_columns([packed])
        for g, r, at, n in zip(groups, rank, np.cumsum(size) - size, size, strict=True):
            back[int(r)] = (int(g), set(words[int(at) : int(at) + int(n)].tolist()))
    assert back == {i: (int(group[i]), words) for i, (_, words) in enumerate(rows)}
    in_partition = [{int(g) for g in unpack_arrays(packed)[0]} for packed in parts.values()]
    assert sum(map(len, in_partition)) == len(set(group.tolist())), "a group is in one partition"


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 2)), unique_by=lambda r: r[1], max_size=15)
)
def test_of_equal_texts_the_first_stands_for_all_and_empty_ones_for_nothing(rows: list[tuple[int, int, int]]) -> None:
    code, rank, count = (np.array(c, np.int64) for c in (zip(*rows, strict=True) if rows else ([], [], [])))
    leaders, leader, follower = collapse_equal_texts(code, rank, count)
    some = [i for i in range(len(rows)) if rows[i][2]]
    first = {rows[i][0]: min((j for j in some if rows[j][0] == rows[i][0]), key=lambda j: rows[j][1]) for i in some}
    assert leaders.tolist() == sorted(first.values())
    followed = dict(zip(follower.tolist(), leader.tolist(), strict=True))
    assert followed == {i: first[rows[i][0]] for i in some if first[rows[i][0]] != i}


def test_verified_edges_travel_whole() -> None:
    edges = Edges.of(np.array([5, 1], np.uint64), np.array([2, 9], np.uint64), np.array([0.5, 0.25]))
    assert (edges.first.tolist(), edges.second.tolist()) == ([2, 1], [5, 9])
    implicit = [ImplicitEdges(np.arange(n, dtype=np.uint64), np.arange(n), np.ones(n)) for n in (2, 3)]
    back = unpack_verified(pack_verified(VerifiedEdges(edges, Edges.none(), implicit)))
    assert back.size == 2 + 0 + 5
    assert [column.tolist() for column in back.near] == [column.tolist() for column in edges]
    assert [each.rank.tolist() for each in back.implicit] == [[0, 1], [0, 1, 2]]


# ---- where rows lie


@given(st.text(min_size=1, max_size=20), st.integers(0, 6), st.integers(1, 5000), st.booleans())
def test_a_rank_tells_where_a_persona_is_and_keeps_the_order_of_representatives(
    text: str, hop: int, blocks: int, new: bool
) -> None:
    one = persona(text, hop=hop)
    rank = rank_of(one, new)
    assert PersonaLayout(blocks).locate(np.array([rank], np.uint64)).tolist() == [partition_of(one.persona_id, blocks)]
    assert (rank < NEW) == (not new)
    earlier = persona(text + "!", hop=0)
    assert (rank_of(earlier, new) < rank) == ((0, earlier.persona_id[:15]) < (hop, one.persona_id[:15]))
    assert rank_of(persona(text, hop=6), new=False) < rank_of(earlier), "what a hub holds comes before all that is new"


def test_personas_travel_whole_if_they_are_new_and_as_arrays_if_a_hub_holds_them() -> None:
    batch = Batch([persona("A baker of rye bread", hop=3), persona("一位面包师")])
    for new, pack in ((False, pack_existing), (True, pack_personas)):
        block, payload = pack(3, batch)
        assert (block, isinstance(decode_rows(payload), ExistingRows)) == (3, not new)
        ranks, tokens = PersonaLayout(8).read(block, payload)
        assert ranks.tolist() == ranks_of(batch, new).tolist()
        assert tokens.words()[1] == ["一", "位", "面", "包", "师"]
    assert decode_rows(payload) == batch
    assert payload.startswith(b"PERSONAS")
    with pytest.raises(ValueError, match="packed arrays begin with"):
        unpack_existing(payload)
    with pytest.raises(ValueError, match="packed arrays begin with"):
        decode_rows(b"neither of the two")


def test_rows_of_a_hub_tell_ids_and_texts_of_those_that_are_asked_for() -> None:
    batch = Batch([persona("A baker of rye bread", hop=3), persona("一位面包师"), persona("")])
    ranks = ranks_of(batch, new=False).tolist()
    held = unpack_existing(pack_existing(3, batch)[1])
    assert held.named({ranks[1], ranks[2], 7}) == {
        rank: (each.persona_id, each.text) for rank, each in zip(ranks[1:], batch[1:], strict=True)
    }
    assert held.named(set()) == {}
    some = held.personas(np.array([0, 1]))
    assert [(each.persona_id, each.text, rank_of(each, new=False)) for each in some] == [
        (each.persona_id, each.text, rank) for each, rank in zip(batch[:2], ranks[:2], strict=True)
    ]


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [("a b c", "C, b; A!", 1.0), ("a b", "b c", 1 / 3), ("a", "b", 0.0), ("", "", 0.0), ("...", "a", 0.0)],
)
def test_a_similarity_that_is_not_known_is_computed(one: str, other: str, similarity: float) -> None:
    assert fill_similarities([0.75, float("nan")], ["z", one], ["y", other]) == [0.75, similarity]


def test_rows_of_files_and_personas_of_a_hub_lie_apart() -> None:
    layout = RowLayout("text", hub_blocks=16)
    new = np.array([NEW, NEW + CHUNK - 1, NEW + 5 * CHUNK], np.uint64)
    assert layout.locate(new).tolist() == [0, 0, 5]
    held = ranks_of([persona(f"persona {i}") for i in range(50)], new=False)
    found = layout.locate(held)
    assert (-1 - found).tolist() == PersonaLayout(16).locate(held).tolist()
    assert {block for block, _ in pack_by_block(layout, held, held)} == set(found.tolist())


def test_files_lie_one_after_another_and_a_compressed_one_has_room(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "x"}\n' * (CHUNK // 10))
    (tmp_path / "b.jsonl.gz").write_bytes(b"\x1f\x8b" + bytes(99))
    (tmp_path / "c.txt").write_bytes(b"one line")
    one, two, three = sources_of([str(tmp_path)])
    assert (one.begin, one.end) == (0, 2 * CHUNK)
    assert (two.begin, two.end - two.begin) == (2 * CHUNK, PACKED_LEAST)
    assert [source.split for source in (one, two, three)] == [True, False, True]
    assert three.end - three.begin == CHUNK
    for source in (one, two, three):
        assert source_at([one, two, three], source.begin) == source_at([one, two, three], source.end - 1) == source


def test_lines_before_a_chunk_are_those_of_its_own_file() -> None:
    sources = [Source("a", 9, "jsonl", 0, 3 * CHUNK), Source("b", 9, "jsonl", 3 * CHUNK, 5 * CHUNK)]
    counts = [np.array(row) for row in ([4, 7], [0, 10], [3, 5], [2, 1], [1, 20])]  # in any order
    assert lines_before(counts, sources) == {0: 0, 1: 10, 2: 30, 3: 0, 4: 5}
    assert lines_before([], sources) == {}
    assert 1 << CHUNK_BITS == CHUNK


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"text": "a", "persona": "b", "input persona": "c"}\n', "input persona"),
        (b'{"text": "a", "persona": 5}\n', "text"),
        (b'broken\n[1]\n{"persona": "a"}\n', "persona"),
        (b"\n\n", "text"),
        (b"nothing that is JSON\n", "text"),
    ],
)
def test_the_text_s_field_is_the_first_known_one_of_the_first_sound_row(
    content: bytes, field: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    assert text_field_of(sources_of([str(tmp_path)])) == field


def test_fields_of_other_names_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"body": "a", "n": 1}\n{"title": "b", "n": 2}\n')
    with pytest.raises(CorpusError, match="which have body, n, title; name one"):
        text_field_of(sources_of([str(tmp_path)]))
