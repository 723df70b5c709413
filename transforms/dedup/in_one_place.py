"""The search of `FindDuplicates` over texts that fit in one place: the same decisions, without a shuffle."""

from __future__ import annotations

import numpy as np

from persona_hub.transforms.dedup.find_duplicates import collapse_equal_texts
from persona_hub.transforms.dedup.key_payloads import bucket_members, pack_keys
from persona_hub.transforms.similarity.arrays import U64, Numbers, mix, ragged, spans
from persona_hub.transforms.similarity.edges import Edges
from persona_hub.transforms.similarity.join import GroupedSets, verify_groups
from persona_hub.transforms.similarity.plan import Plan
from persona_hub.transforms.similarity.prefix_keys import frequencies
from persona_hub.transforms.similarity.representatives import Decisions, decide, extend_to_equals
from persona_hub.transforms.similarity.shingles import Tokens, TokenSets, hash_tokens, set_hashes, token_sets


def duplicates_in_one_place(rank: Numbers, tokens: Tokens, plan: Plan, floor: int = 0) -> Decisions:
    """Which of some texts are dropped, and for which kept one; their ranks differ, and those under `floor` stay.

    A text is dropped if an earlier kept one is within the plan's threshold.
    """
    codes = hash_tokens(tokens)
    sets = token_sets(codes, tokens.size)
    first, leader, equal = collapse_equal_texts(set_hashes(sets), rank, sets.size)
    keys, owner = plan.keys(tokens, codes, sets, first, frequencies(sets.tokens))
    if not len(keys):  # no text has a word
        return Decisions.none()
    wanted, label = bucket_members(packed for _, packed in pack_keys(keys, rank[owner], 1))
    sought = np.isin(label, label[wanted >= U64(floor)])
    wanted, label = wanted[sought], label[sought]
    order = np.argsort(rank)
    at = order[np.searchsorted(rank, wanted, sorter=order)]
    size = sets.size[at]
    shared = TokenSets(sets.tokens[ragged(spans(sets.size)[:-1][at], size)], size)
    found = verify_groups(GroupedSets.of(mix(label), wanted, shared), plan.threshold)
    equals = Edges.join([Edges.of(rank[leader], rank[equal], np.ones(len(equal))), found.equal])
    return extend_to_equals(equals, decide(found.near, found.implicit))
