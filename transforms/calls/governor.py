"""The budget as one process sees it: leases from the store, the worst case reserved before a call, settled after it."""

from __future__ import annotations

from persona_hub.transforms.calls.protocol import Answer, Asked, Budget
from persona_hub.transforms.store.protocol import Amount, Ask, Limit, Spend

SLICES = 400  # of the budget: what a process leases at once, so what each worker may leave or overshoot: 0.25%
REFUSAL_SECONDS = 5.0  # for which "nothing left" is believed: other workers may give back what they did not use


class Governor:
    """Says for each call whether the budget has room for it. Lives on the engine's loop thread."""

    def __init__(self, budget: Budget, input_price: float, output_price: float, owner: str):
        self.owner = owner
        self.prices = (input_price * 1000, output_price * 1000)  # billionths of a dollar for a token
        self.limits = limits_of(budget)
        total = total_of(budget)
        self.slice = Amount(*(-(-most // SLICES) for most in total))
        self.allowance: dict[str, Amount] = {}
        self.reserved: dict[str, int] = {}  # calls in flight by stage
        self.asking: set[str] = set()
        self.refused: dict[str, tuple[Amount, float]] = {}  # what the store last had no room for, and until when

    def worst(self, request: Asked) -> Amount:
        """The most that a call can cost."""
        return self.spend(request.most_input, request.most_output).amount

    def spend(self, input_tokens: int, output_tokens: int) -> Spend:
        """What a call of so many tokens costs."""
        cost = round(input_tokens * self.prices[0] + output_tokens * self.prices[1])
        return Spend(1, input_tokens, output_tokens, cost)

    def spent(self, answer: Answer) -> Spend:
        """What an answer cost."""
        return self.spend(answer.input_tokens, answer.output_tokens)

    def reserve(self, stage: str, amount: Amount) -> bool:
        """Takes `amount` from the lease; False if that does not hold it."""
        if self.limits:
            left = self.allowance.get(stage, Amount())
            if not left.covers(amount):
                return False
            self.allowance[stage] = left.minus(amount)
        self.reserved[stage] = self.reserved.get(stage, 0) + 1
        return True

    def settle(self, stage: str, reserved: Amount, actual: Amount = Amount()) -> None:  # noqa: B008
        """A call is over: what it did not use is there for the next."""
        self.reserved[stage] -= 1
        if self.limits:
            self.allowance[stage] = self.allowance.get(stage, Amount()).plus(reserved).minus(actual)

    def ask(self, stage: str, amount: Amount) -> Ask:
        """The lease to ask for, so that `amount` can be reserved."""
        self.asking.add(stage)
        least = self._lacking(stage, amount)
        want = Amount(*(max(a, b) for a, b in zip(least, self.slice, strict=True)))
        return Ask(self.owner, stage, least, want, self.limits)

    def leased(self, ask: Ask, amount: Amount, now: float) -> None:
        """The store's answer."""
        self.asking.discard(ask.stage)
        self.allowance[ask.stage] = self.allowance.get(ask.stage, Amount()).plus(amount)
        if not any(amount):
            self.refused[ask.stage] = (ask.least, now + REFUSAL_SECONDS)

    def exhausted(self, stage: str, amount: Amount, now: float) -> bool:
        """Whether the store has just said that there is no room for such a call; asked anew after some seconds."""
        least, until = self.refused.get(stage, (Amount(), 0.0))
        return now < until and self._lacking(stage, amount).covers(least)

    def _lacking(self, stage: str, amount: Amount) -> Amount:
        left = self.allowance.get(stage, Amount())
        return Amount(*(max(0, a - b) for a, b in zip(amount, left, strict=True)))


def total_of(budget: Budget) -> Amount:
    """The whole budget in the store's units."""
    return Amount(budget.calls, budget.tokens, round(budget.cost_usd * 1e9))


def limits_of(budget: Budget) -> tuple[Limit, ...]:
    """What all stages may spend, and what each with those before it: an early stage cannot eat a later one's share,
    while a later one has what earlier ones left.
    """
    total = total_of(budget)
    if not any(total):
        return ()
    limits, stages, share = [Limit((), total)], list[str](), 0.0
    for stage, part in budget.shares:
        stages.append(stage)
        share += part
        part_of_all = (max(1, int(most * min(share, 1.0))) if most else 0 for most in total)  # 0 would be no limit
        limits.append(Limit(tuple(stages), Amount(*part_of_all)))
    return tuple(limits)
