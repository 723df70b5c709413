"""What becomes of an answer that did not end by itself, however well it reads."""

from __future__ import annotations

import logging
import threading
from weakref import WeakKeyDictionary

from persona_hub.transforms.calls.protocol import ModelError, Verdict
from persona_hub.transforms.llm.dialects.answers import CUT_OFF, FILTERED, REFUSED, TOOL_CALLS
from persona_hub.transforms.llm.parsing import without_thoughts
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer

OF_THE_INPUT = {
    FILTERED: "the provider's filter withheld the answer",
    REFUSED: "the model declined to answer",
}
MORE_TOKENS = "raise --max_tokens, or have the model think less (--llm_extra_body)"
LOGGER = logging.getLogger("persona_hub")
FIRST_CUT = 4  # answers of a process: if every one of so many was cut off, the user should know
FIRST_ANSWERS = 8  # of a process: if thoughts used up every one of so many, they will use up the others


class UnusableAnswer(Exception):
    """An answer that asking again would not mend: a dead letter with this reason."""

    def __init__(self, reason: str, detail: str):
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class UsedUp(MalformedAnswer):
    """An answer without a word, since thoughts took all of its tokens: asking again helps where others do end."""


def require_end(answer: Completion) -> None:
    """Raises MalformedAnswer for an answer that was cut off, UnusableAnswer for one that no repair can mend."""
    if not answer.finish:
        return
    if answer.finish in OF_THE_INPUT:
        raise UnusableAnswer(answer.finish, OF_THE_INPUT[answer.finish])
    if answer.finish == TOOL_CALLS:
        raise MalformedAnswer("a call of a tool in place of an answer")
    if used_up(answer):
        said = (
            f"thoughts used up all {answer.output_tokens} tokens"
            if thought(answer)
            else "cut off before its first word"
        )
        raise UsedUp(f"{said}: {MORE_TOKENS}", told="no word of an answer within the limit of tokens: think less")
    if answer.finish == CUT_OFF:
        raise MalformedAnswer("cut off at the limit of tokens: be shorter")
    raise MalformedAnswer(f"it ended with {answer.finish!r}")


def used_up(answer: Completion) -> bool:
    """Whether an answer reached its limit of tokens before its first word."""
    if answer.finish != CUT_OFF:
        return False
    try:
        return not without_thoughts(answer.text).strip()
    except MalformedAnswer:  # thoughts without an end
        return True


def thought(answer: Completion) -> bool:
    """Whether thoughts are known to be what the tokens of such an answer went to."""
    return bool(answer.thought_tokens or answer.text.strip())


class FirstAnswers:
    """Whether the first answers of a process were all cut off, or used up by thoughts; shared by its bundles."""

    def __init__(self) -> None:
        self.lock, self.used_up, self.any_other = threading.Lock(), 0, False
        self.cut, self.any_whole = 0, False

    def fault_after(self, answer: Completion) -> ModelError | None:
        """Tells of the first answer that was used up; an error of the request once all the first ones were."""
        if not (answer.finish and used_up(answer)):
            self.any_other = True
            self.tell_cut(answer)
            return None
        with self.lock:
            self.used_up += 1
            count = self.used_up
        if count == 1:
            LOGGER.warning(
                "an answer reached its limit of %d tokens before its first word: %s", answer.output_tokens, MORE_TOKENS
            )
        return self.all_used_up() if count >= FIRST_ANSWERS else None

    def all_used_up(self) -> ModelError | None:
        """The error of a request by which no answer, of two or more, had a word."""
        if self.any_other or self.used_up < 2:
            return None
        detail = f"the first {self.used_up} answers reached their limit of tokens before their first word"
        return ModelError("no-tokens-left", detail, Verdict.REQUEST, remedy=MORE_TOKENS)

    def tell_cut(self, answer: Completion) -> None:
        """Tells once, when the first answers that had a word were all cut off."""
        if answer.finish != CUT_OFF:
            self.any_whole = True
        if self.any_whole:
            return
        with self.lock:
            self.cut += 1
            count = self.cut
        if count == FIRST_CUT:
            LOGGER.warning("the first %d answers were all cut off at the limit of tokens: raise --max_tokens", count)


_first_answers: WeakKeyDictionary[object, FirstAnswers] = WeakKeyDictionary()


def first_answers_of(engine: object) -> FirstAnswers:
    """Those of an engine."""
    return _first_answers.setdefault(engine, FirstAnswers())
