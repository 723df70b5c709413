"""How a server counts tokens, learned from the answers that say it, for those of its answers that do not.

Our estimate goes by characters, and tokenizers differ from it by a fifth. A server that says 250 tokens where the
estimate is 200, and then says nothing of a request of about 80, is reckoned at 100. So a budget holds within a few
percent where only some answers lack their usage; where all do, it goes by the estimate as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from persona_hub.transforms.llm.dialects.answers import estimated_tokens, reckoned_input
from persona_hub.transforms.llm.protocol import Completion, Request

LEARNED_FIRST, LEARNED_EVERY = 64, 16  # answers: the estimate of a long text in many scripts takes 0.1 ms
LEAST_LEARNED = 4
FURTHEST = 2.0  # a server's count beyond twice the estimate, or under half of it, has another cause


@dataclass
class Ratio:
    """Tokens as the server said them, and as they were estimated."""

    said: int = 0
    estimated: int = 0
    answers: int = 0

    def learn(self, said: int, estimated: int) -> None:
        """Takes one answer in."""
        self.said, self.estimated, self.answers = self.said + said, self.estimated + estimated, self.answers + 1

    def scaled(self, estimated: int) -> int:
        """An estimate in the server's measure."""
        if self.answers < LEAST_LEARNED or not self.estimated:
            return estimated
        return round(estimated * min(FURTHEST, max(1 / FURTHEST, self.said / self.estimated)))


class TokenScale:
    """Of one client; lives on the engine's loop thread."""

    def __init__(self) -> None:
        self.input, self.output = Ratio(), Ratio()
        self.seen = 0

    def adjusted(self, request: Request, answer: Completion) -> Completion:
        """The answer with its estimated tokens in the server's measure; one that says its tokens is learned from."""
        if not answer.estimated:
            self.seen += 1
            if self.seen <= LEARNED_FIRST or not self.seen % LEARNED_EVERY:
                self.learn(request, answer)
            return answer
        tokens_in, tokens_out = answer.input_tokens, answer.output_tokens
        if tokens_in == reckoned_input(request):
            tokens_in = self.input.scaled(tokens_in)
        if tokens_out == estimated_tokens(answer.text):
            tokens_out = self.output.scaled(tokens_out)
        return replace(answer, input_tokens=tokens_in, output_tokens=tokens_out)

    def learn(self, request: Request, answer: Completion) -> None:
        """Takes the counts of an answer in. Thoughts are counted with the output, and are not there to be estimated."""
        self.input.learn(answer.input_tokens, reckoned_input(request))
        if answer.text and not answer.thought_tokens:
            self.output.learn(answer.output_tokens, estimated_tokens(answer.text))
