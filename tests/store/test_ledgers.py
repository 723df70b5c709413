"""The ledgers of a budget that lies in Bigtable: what is leased, spent and left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.store.bigtable_owners import Ledger, used_of
from persona_hub.transforms.store.protocol import Amount, Spend
from tests.helpers.stores import KEY, put

AMOUNTS = st.builds(Amount, *[st.integers(0, 9)] * 3)
LEASES_OF = st.dictionaries(st.tuples(st.sampled_from("ab"), st.sampled_from(["extract", "expand"])), AMOUNTS)


@given(LEASES_OF, LEASES_OF, st.dictionaries(st.sampled_from("ab"), st.sampled_from([50.0, 150.0])))
def test_a_lease_counts_what_is_left_of_it_while_its_owner_lives(
    leases: dict[tuple[str, str], Amount], taken: dict[tuple[str, str], Amount], alive: dict[str, float]
) -> None:
    ledger = Ledger({"extract": Spend(1, 2, 3, 4)}, taken, alive)
    assert Ledger.unpack(ledger.pack()) == ledger
    used = used_of([ledger], leases, now=100.0)
    for stage in ("extract", "expand"):
        spent = ledger.spend.get(stage, Spend()).amount
        for i, much in enumerate(used.get(stage, Amount())):
            left = [
                max(0, ceiling[i] - taken.get((owner, stage), Amount())[i])
                for (owner, of), ceiling in leases.items()
                if of == stage and alive.get(owner, 0) > 100.0
            ]
            assert much == spent[i] + sum(left)


def test_a_ledger_of_an_earlier_release_estimated_nothing() -> None:
    assert Ledger.unpack(b'{"spend":{"extract":[1,2,3,4]},"taken":[],"alive":{}}').spend == {
        "extract": Spend(1, 2, 3, 4)
    }


def test_what_is_taken_from_a_lease_is_used_once() -> None:
    ledger, leases = Ledger(alive={"me": 200.0}), {("me", "extract"): Amount(10, 1000, 90_000)}
    before = used_of([ledger], leases, 100.0)
    ledger.pay([put(KEY, b"x", owner="me")])
    assert used_of([ledger], leases, 100.0) == before == {"extract": Amount(10, 1000, 90_000)}
