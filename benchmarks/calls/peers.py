"""Other ways of asking the same server: python benchmarks/calls/peers.py NAME URL IN_FLIGHT CALLS.

In any environment that has the library. Prints one line of JSON: seconds, CPU and waiting of the calls; imports are
left out, as ours are.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.running import measured, prompts


def messages(prompt: str) -> Any:
    return [{"role": "system", "content": "You are terse."}, {"role": "user", "content": prompt}]


def one_after_the_other(url: str, asked: Sequence[str], in_flight: int) -> None:
    """As the released script does."""
    import openai

    client = openai.OpenAI(base_url=url, api_key="none")
    for prompt in asked:
        client.chat.completions.create(model="bench", messages=messages(prompt))


def plain_client(url: str, asked: Sequence[str], in_flight: int) -> None:
    """The asynchronous client on its aiohttp transport, a semaphore, no store."""
    import openai

    async def run() -> None:
        slots = asyncio.Semaphore(in_flight)
        http = openai.DefaultAioHttpClient()
        async with openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http) as client:

            async def call(prompt: str) -> None:
                async with slots:
                    await client.chat.completions.create(model="bench", messages=messages(prompt))

            await asyncio.gather(*map(call, asked))

    asyncio.run(run())


def distilabel(url: str, asked: Sequence[str], in_flight: int) -> None:
    """distilabel's OpenAI model, given the prompts `in_flight` at a time."""
    from distilabel.models import OpenAILLM

    model = OpenAILLM(model="bench", base_url=url, api_key="none")
    model.load()
    for start in range(0, len(asked), in_flight):
        model.generate(inputs=[messages(prompt) for prompt in asked[start : start + in_flight]])


if __name__ == "__main__":
    run = {f.__name__: f for f in (one_after_the_other, plain_client, distilabel)}[sys.argv[1]]
    address, window, calls = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    run(address, prompts(1, "warm"), window)
    with measured() as took:
        run(address, prompts(calls), window)
    print(json.dumps(took.__dict__))
