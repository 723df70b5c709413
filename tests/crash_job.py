"""A job of its own process that asks many questions: python -m tests.crash_job SETTINGS; for tests that kill it."""

from __future__ import annotations

import json
import sys

from tests.asking import ask, records
from transforms.calls.protocol import ModelConfig


def main() -> None:
    settings = json.loads(sys.argv[1])
    questions, workers = settings.pop("questions"), settings.pop("workers")
    answers, dead = ask(records(questions), ModelConfig(**settings), batch=20, workers=workers)
    print(json.dumps({"answers": {answer.record: answer.text for answer in answers}, "dead": len(dead)}))


if __name__ == "__main__":
    main()
