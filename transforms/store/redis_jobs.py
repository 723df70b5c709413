"""The jobs of a commit as the script redis_commit.lua reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from persona_hub.transforms.store.protocol import (
    BOOKED_AHEAD_SECONDS,
    CLAIM_SECONDS,
    LEASE_SECONDS,
    SKEW_SECONDS,
    Book,
    Claim,
    Lease,
    Put,
    Release,
    Renew,
    StoreJob,
    Unclaim,
    summed,
)


def jobs_as_json(puts: Sequence[Put], jobs: Sequence[StoreJob], answer_prefix: bytes) -> str:
    """What the script does besides answers: spend by stage, what is taken from leases, the other jobs."""
    by_stage, by_lease = summed(puts)
    return json.dumps(
        {
            "spend": [(stage, *spend) for stage, spend in by_stage.items()],
            "taken": [(f"{owner}\n{stage}", *amount) for (owner, stage), amount in by_lease.items()],
            "jobs": [_call(job) for job in jobs],
            "prefix": answer_prefix.decode(),
            "lease_seconds": LEASE_SECONDS,
            "claim_seconds": CLAIM_SECONDS,
            "skew": SKEW_SECONDS,
        }
    )


def _call(job: StoreJob) -> tuple[Any, ...]:
    match job:
        case Lease():
            return "ask", job.owner, job.stage, job.least, job.want, job.limits
        case Renew():
            return "renew", job.owner
        case Release():
            return "release", job.owner
        case Book():
            return "book", job.name, job.seconds, max(BOOKED_AHEAD_SECONDS, job.seconds)
        case Claim():
            questions = [[key.hex() for key in question] for question in job.questions]
            return "claim", job.owner, questions
        case Unclaim():
            return "unclaim", job.owner, [key.hex() for key in job.keys]
    raise TypeError(f"{type(job).__name__} is no job of this kind")
