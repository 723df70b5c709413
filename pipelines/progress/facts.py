"""How far a job is: what its response store has counted, and what its processes on this machine tell.

Calls, tokens and spend are the store's, over all runs, as `status` shows them: so they are right on a cluster too,
where this machine can see the store. What a store does not know (questions, records, refusals) comes from the board of
a job that runs here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.counting.board import Board
from persona_hub.transforms.counting.stages import (
    ASK_ATTRIBUTES,
    EMBED_DEDUP,
    EXPAND_PERSONA,
    EXTRACT_PERSONA,
    MINHASH_DEDUP,
    READ_CORPUS,
    READ_PERSONAS,
    READ_ROWS,
    SYNTHESIZE,
    UNIQUE_PERSONAS,
)
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.usage import cost_of_calls

RATE_SECONDS = 30.0  # over which rates are measured: a batch of slow answers is no burst
NAME_CHARACTERS = 60
REFUSALS, SENT_AGAIN = "refusals", "sent-again"  # as the sender of calls tells the board

# The records that a step asks about, by counts of the steps before it. Of those that came to be expanded, some are not.
WORK = {
    EXTRACT_PERSONA: (READ_CORPUS, "documents"),
    EXPAND_PERSONA: (UNIQUE_PERSONAS, "unique"),
    EMBED_DEDUP: (MINHASH_DEDUP, "kept"),
    ASK_ATTRIBUTES: (EMBED_DEDUP, "kept"),
    SYNTHESIZE: (EMBED_DEDUP, "kept"),
}
NOT_EXPANDED = (EXPAND_PERSONA, "passed-over")


@dataclass(frozen=True)
class StageFacts:
    """How far a step is that asks a model or an embedder."""

    stage: str
    asked: int  # questions so far; 0 where the job runs elsewhere
    done: int  # of them: answered or lost; elsewhere the calls of this run
    lost: int
    cached: int  # answered by the store
    total: int | None  # questions that there will be, None where nobody knows yet
    rate: float  # done in a second
    open: bool  # whether more questions may come

    @property
    def seconds_left(self) -> float | None:
        """Until this step is done, None where that cannot be told."""
        return (self.total - self.done) / self.rate if self.total is not None and self.rate > 0 else None


@dataclass(frozen=True)
class Facts:
    """How far a job is, `seconds` after its start."""

    seconds: float
    stages: tuple[StageFacts, ...] = ()  # in the order in which they began
    step: str = ""  # at work: the one that waits for answers, or else the one that counted most of late
    documents: int = 0  # and rows of given personas
    rows: int = 0  # of `dedup`
    personas: int = 0
    samples: int = 0
    lost: int = 0
    refusals: int = 0  # calls that the server refused, being too busy
    retries: int = 0  # calls that were sent again
    spend: Spend = field(default_factory=Spend)  # of all runs on the store; of this job where there is none
    call_rate: float = 0.0  # calls in a second
    budget: Budget = field(default_factory=Budget)
    cluster: str = ""  # where the job runs, "" for this machine

    @property
    def cost_usd(self) -> float | None:
        """US dollars, None where the price is not known."""
        return cost_of_calls(self.spend)


class FactFinder:
    """Makes facts of boards and of what a store has counted; rates are those of the last RATE_SECONDS."""

    def __init__(self, budget: Budget, cluster: str = "", most_samples: int = 0):
        self.budget, self.cluster, self.most_samples = budget, excerpt(cluster, NAME_CHARACTERS), most_samples
        self.before: Mapping[str, Spend] | None = None  # of the store, when it was first seen
        self.seen: deque[tuple[float, Board, int]] = deque()  # (seconds, board, calls), the oldest RATE_SECONDS ago
        self.began: dict[str, float] = {}  # seconds at which stages asked first, in that order
        self.step = ""

    def facts(self, seconds: float, board: Board, stored: Mapping[str, Spend] | None) -> Facts:
        """The facts at one time, `seconds` after the start. `stored`: None where there is no store to look at."""
        if self.before is None:
            self.before = stored
        if self.cluster:
            board = calls_board(stored or {}, self.before or {})
        spend = whole_of(stored) if stored is not None else spend_on(board)
        for stage, name in board:
            if name == "asked":
                self.began.setdefault(stage, seconds)
        self.step = self._at_work(board)
        self._remember(seconds, board, spend.calls)
        since, _, calls_then = self.seen[0]
        return Facts(
            seconds=seconds,
            stages=tuple(self._stage(stage, seconds, board) for stage in self.began),
            step=excerpt(self.step, NAME_CHARACTERS),
            documents=board[READ_CORPUS, "documents"] + board[READ_PERSONAS, "documents"],
            rows=board[READ_ROWS, "rows"],
            personas=board[EMBED_DEDUP, "kept"] or board[UNIQUE_PERSONAS, "unique"],
            samples=sum(n for (stage, name), n in board.items() if name == "answered" and is_synthesis(stage)),
            lost=sum(n for (_, name), n in board.items() if name == "lost"),
            refusals=sum(n for (_, name), n in board.items() if name == REFUSALS),
            retries=sum(n for (_, name), n in board.items() if name == SENT_AGAIN),
            spend=spend,
            call_rate=(spend.calls - calls_then) / (seconds - since) if seconds > since else 0.0,
            budget=self.budget,
            cluster=self.cluster,
        )

    def _remember(self, seconds: float, board: Board, calls: int) -> None:
        """Keeps the looks of the last RATE_SECONDS, and one from before them."""
        self.seen.append((seconds, board, calls))
        while len(self.seen) > 2 and self.seen[1][0] <= seconds - RATE_SECONDS:
            self.seen.popleft()

    def _at_work(self, board: Board) -> str:
        """The last step that waits for answers; else the one that counted most since the last look, or did before."""
        waiting = [stage for stage in self.began if board[stage, "asked"] > done_of(board, stage)]
        if waiting:
            return waiting[-1]
        grown: Counter[str] = Counter()
        for (stage, _), n in (board - (self.seen[-1][1] if self.seen else Counter())).items():
            grown[stage] += n
        return grown.most_common(1)[0][0] if grown else self.step

    def _stage(self, stage: str, seconds: float, board: Board) -> StageFacts:
        asked, done = board[stage, "asked"], done_of(board, stage)
        began = self.began[stage]
        is_open = stage == next(reversed(self.began))  # steps run one after another: one with a successor asks no more
        since, then, _ = next((look for look in self.seen if look[0] >= began), self.seen[-1])
        rate = (done - done_of(then, stage)) / (seconds - since) if seconds > since else 0.0
        total = None if self.cluster else self._total(stage, board) if is_open else asked
        return StageFacts(
            stage=excerpt(stage, NAME_CHARACTERS),
            asked=0 if self.cluster else asked,
            done=done,
            lost=board[stage, "lost"],
            cached=board[stage, "cached"],
            total=total,
            rate=rate,
            open=is_open,
        )

    def _total(self, stage: str, board: Board) -> int | None:
        """Questions that there will be: of the records asked about so far, in proportion to all that there are."""
        asked, records = board[stage, "asked"], board[stage, "records"]
        kind = SYNTHESIZE if is_synthesis(stage) else stage
        came = board[WORK[kind]] if kind in WORK else 0
        if not came or not asked:
            return None
        if stage == EXPAND_PERSONA:
            came -= board[NOT_EXPANDED]
        total = round(came * asked / records) if records else came
        if is_synthesis(stage) and self.most_samples:
            total = min(total, self.most_samples)
        return max(asked, total)


def is_synthesis(stage: str) -> bool:
    """Whether the stage is one of a use case."""
    return stage.startswith(SYNTHESIZE)


def done_of(board: Board, stage: str) -> int:
    """Questions that were answered, or lost; texts that have a vector, or got none."""
    return board[stage, "answered"] + board[stage, "embedded"] + board[stage, "lost"]


def whole_of(stored: Mapping[str, Spend]) -> Spend:
    """What all stages have spent."""
    whole = Spend()
    for spend in stored.values():
        whole = whole.plus(spend)
    return whole


def spend_on(board: Board) -> Spend:
    """What a board says was spent: without a store, nothing else does."""
    sums: Counter[str] = Counter()
    for (_, name), n in board.items():
        sums[name] += n
    return Spend(sums["calls"], sums["input_tokens"], sums["output_tokens"], sums["cost_nano_usd"])


def calls_board(stored: Mapping[str, Spend], before: Mapping[str, Spend]) -> Board:
    """A board of the calls that a job on a cluster has made: all that can be told of its steps from here."""
    board: Board = Counter()
    for stage, spend in stored.items():
        if calls := spend.calls - before.get(stage, Spend()).calls:
            board[stage, "asked"] = board[stage, "answered"] = calls
    return board
