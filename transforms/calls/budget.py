"""The budget as one process sees it: leased from the store, reserved before a call, settled after it.

An example with a limit of 1,000 calls. The process leases 3 of them (a 400th, rounded up) in the store, where all
processes do. Its first call reserves 1 call and the most tokens that it can cost; 2 are left of the lease. When the
answer has come, the tokens that the call did not use go back to the lease, for the next call. When the lease is too
small for the next call, another is asked for. The store refuses one when the budget is used up, which is believed for
five seconds, since other processes may give back what they did not use.
"""

from __future__ import annotations

from persona_hub.transforms.calls.protocol import Answer, Budget, CallRequest
from persona_hub.transforms.store.protocol import Amount, Lease, Limit, Spend

LEASES = 400  # in a budget: a process leases this part of it at once, which it may leave unused or overshoot: 0.25%
REFUSAL_SECONDS = 5.0  # for which "nothing left" is believed


class BudgetTracker:
    """Says for each call whether the budget has room for it. Lives on the engine's loop thread."""

    def __init__(self, budget: Budget, input_price: float, output_price: float, owner: str):
        self.owner = owner
        self.prices = (input_price * 1000, output_price * 1000)  # billionths of a dollar for a token
        self.limits = limits_of(budget)
        self.lease_size = Amount(*(-(-whole // LEASES) for whole in total_of(budget)))
        self.leased: dict[str, Amount] = {}  # and not reserved, by stage
        self.in_flight: dict[str, int] = {}  # calls by stage
        self.asking: set[str] = set()  # stages for which a lease has been asked for
        self.refused: dict[str, tuple[Amount, float]] = {}  # what the store last had no room for, and until when

    def worst_case(self, request: CallRequest) -> Amount:
        """The most that a call can cost."""
        return self.cost(request.max_input_tokens, request.max_output_tokens).amount

    def cost(self, input_tokens: int, output_tokens: int, estimated: bool = False) -> Spend:
        """What a call of so many tokens costs."""
        cost = round(input_tokens * self.prices[0] + output_tokens * self.prices[1])
        return Spend(1, input_tokens, output_tokens, cost, int(estimated))

    def cost_of_answer(self, answer: Answer) -> Spend:
        """What an answer cost."""
        return self.cost(answer.input_tokens, answer.output_tokens, answer.estimated)

    def reserve(self, stage: str, amount: Amount) -> bool:
        """Takes `amount` from the lease; False if that does not hold it."""
        if self.limits:
            left = self.leased.get(stage, Amount())
            if not left.covers(amount):
                return False
            self.leased[stage] = left.minus(amount)
        self.in_flight[stage] = self.in_flight.get(stage, 0) + 1
        return True

    def settle(self, stage: str, reserved: Amount, actual: Amount = Amount()) -> None:  # noqa: B008
        """A call has ended: what it did not use goes back to the lease."""
        self.in_flight[stage] -= 1
        if self.limits:
            self.leased[stage] = self.leased.get(stage, Amount()).plus(reserved).minus(actual)

    def lease_for(self, stage: str, amount: Amount) -> Lease:
        """The lease to ask the store for, so that `amount` can be reserved."""
        self.asking.add(stage)
        least = self._missing(stage, amount)
        wanted = Amount(*(max(a, b) for a, b in zip(least, self.lease_size, strict=True)))
        return Lease(self.owner, stage, least, wanted, self.limits)

    def on_lease(self, lease: Lease, granted: Amount, now: float) -> None:
        """The store's answer: `granted` is nothing where the budget has no room."""
        self.asking.discard(lease.stage)
        self.leased[lease.stage] = self.leased.get(lease.stage, Amount()).plus(granted)
        if not any(granted):
            self.refused[lease.stage] = (lease.least, now + REFUSAL_SECONDS)

    def exhausted(self, stage: str, amount: Amount, now: float) -> bool:
        """Whether the store has just said that there is no room for such a call."""
        least, until = self.refused.get(stage, (Amount(), 0.0))
        return now < until and self._missing(stage, amount).covers(least)

    def _missing(self, stage: str, amount: Amount) -> Amount:
        left = self.leased.get(stage, Amount())
        return Amount(*(max(0, a - b) for a, b in zip(amount, left, strict=True)))


def total_of(budget: Budget) -> Amount:
    """The whole budget in the store's units."""
    return Amount(budget.calls, budget.tokens, round(budget.cost_usd * 1e9))


def limits_of(budget: Budget) -> tuple[Limit, ...]:
    """What all stages may spend together, and what each may with those before it.

    With 100 calls and shares of 0.3 for "extract" and 0.7 for "expand", extract may use 30 calls, and both together
    100: an early stage cannot use up a later one's share, while a later one has what earlier ones left.
    """
    total = total_of(budget)
    if not any(total):
        return ()
    limits, stages, share = [Limit((), total)], list[str](), 0.0
    for stage, own_share in budget.shares:
        stages.append(stage)
        share += own_share
        ceiling = (max(1, int(whole * min(share, 1.0))) if whole else 0 for whole in total)  # 0 would be no limit
        limits.append(Limit(tuple(stages), Amount(*ceiling)))
    return tuple(limits)
