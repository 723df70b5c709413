"""What the body of an answer holds, whichever server wrote it: the text, why it ends, and how many tokens it took."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from persona_hub.transforms.calls.protocol import ModelError, Verdict
from persona_hub.transforms.calls.tokens import MESSAGE_TOKENS, SPARE_TOKENS, tokens_of, tokens_said
from persona_hub.transforms.llm.protocol import Completion, Request, well_formed

CUT_OFF, FILTERED, REFUSED, TOOL_CALLS, BROKEN = "length", "content-filter", "refused", "tool-calls", "error"
# Every provider's reasons for an end that is none of the model's own, in lower case with hyphens.
FINISHES = {
    **dict.fromkeys(
        ("length", "max-tokens", "max-output-tokens", "model-length", "model-context-window-exceeded", "context-length",
         "token-limit", "incomplete"),
        CUT_OFF,
    ),
    **dict.fromkeys(
        ("content-filter", "content-filtered", "safety", "recitation", "prohibited-content", "blocklist", "spii",
         "language", "image-safety", "image-prohibited-content", "image-recitation", "model-armor", "jailbreak",
         "sensitive", "guardrail", "guardrail-intervened", "blocked"),
        FILTERED,
    ),
    "refusal": REFUSED,
    **dict.fromkeys(
        ("tool-calls", "tool-call", "tool-use", "function-call", "malformed-function-call", "unexpected-tool-call",
         "too-many-tool-calls"),
        TOOL_CALLS,
    ),
    # "other" is Gemini's for a cause that it does not say; "load" and "unload" are Ollama's for an answer of nothing.
    **dict.fromkeys(
        ("error", "network-error", "insufficient-system-resource", "abort", "aborted", "cancelled", "timeout", "other",
         "load", "unload"),
        BROKEN,
    ),
}  # fmt: skip
ANSWERING = ("text", "output_text")  # types of parts that are the answer; others are thoughts, citations, images
THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # fields of a message; vLLM and OpenRouter use the second
TOKENS_AT_MOST = 1_000_000  # of a request or an answer, where the request is not at hand


def loads(body: bytes) -> Any:
    """JSON, also such as only lenient decoders take: half a surrogate pair, a byte order mark, a byte that is no UTF-8.

    Raises ValueError.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        try:
            return json.loads(body.decode("utf-8-sig", "replace"))
        except RecursionError:
            raise ValueError("nested too deep") from None


def completion_of(body: bytes, request: Request | None = None) -> Completion:
    """The answer in the body of a chat completion. Raises ModelError where there is none, or it broke off."""
    try:
        return chat_answer(loads(body), request)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError("unreadable-response", type(error).__name__, verdict=Verdict.WAIT, paid=True) from error


def chat_answer(answer: Any, request: Request | None = None) -> Completion:
    """The answer in a chat completion. Raises ModelError where it broke off, and whatever where there is none."""
    choice = answer["choices"][0]
    message = choice["message"]
    text, thoughts, refusal = texts_of(message)
    reason = choice.get("finish_reason")
    finish = "" if reason == "stop" else finish_of(reason)
    if isinstance(choice.get("error"), dict):  # a gateway whose provider failed within the answer
        finish = BROKEN
    if refusal and not text:
        text, finish = refusal, REFUSED
    elif not text and (message.get("tool_calls") or message.get("function_call")):
        finish = finish or TOOL_CALLS
    elif text and finish == TOOL_CALLS:
        finish = ""  # it calls, too; what it says is whole
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        usage = {}
    details = usage.get("completion_tokens_details")
    thought_tokens = details.get("reasoning_tokens") if isinstance(details, dict) else None
    said = (usage.get("prompt_tokens"), usage.get("completion_tokens"), thought_tokens, usage.get("total_tokens"))
    return completed(text, finish, thoughts, said, request)


def texts_of(message: dict[str, Any]) -> tuple[str, str, str]:
    """(the answer, thoughts, a refusal) of a message; content may be a list of parts."""
    content = message.get("content")
    refusal = message.get("refusal")
    thoughts = next((said for name in THOUGHTS if isinstance(said := message.get(name), str) and said), "")
    text = ""
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        for part in content:
            kind = part.get("type", "text") if isinstance(part, dict) else "text"
            said = part if isinstance(part, str) else part.get("text")
            if kind == "refusal":
                refusal = part.get("refusal") or said
            elif kind not in ANSWERING:
                thoughts += json.dumps(part.get("thinking") or part.get("reasoning") or said or "")
            elif isinstance(said, str):
                text += said
    elif content is not None:  # an object of JSON that is no longer a text
        text = json.dumps(content, ensure_ascii=False)
    return well_formed(text), thoughts, well_formed(refusal) if isinstance(refusal, str) else ""


def finish_of(reason: Any) -> str:
    """Why an answer ends; "" for an end of the model's own, and for a reason that we do not know."""
    return FINISHES.get(str(reason).lower().replace("_", "-"), "") if isinstance(reason, str) else ""


def completed(
    text: str, finish: str, thoughts: str, said: tuple[Any, Any, Any, Any], request: Request | None
) -> Completion:
    """An answer with its tokens: those of `said` (request, answer, thoughts among these, total) where they can be.

    Raises ModelError where the answer broke off: it is asked again.
    """
    tokens_in, tokens_out = (
        counted(said[0], request, "max_input_tokens"),
        counted(said[1], request, "max_output_tokens"),
    )
    if tokens_in and tokens_out and said[3] != tokens_in + tokens_out:
        total = tokens_said(said[3], tokens_in + TOKENS_AT_MOST) or 0
        paid = counted(total - tokens_in, request, "max_output_tokens") or 0
        tokens_out = max(tokens_out, paid)  # some servers leave thoughts out of the answer's tokens, not of the total
    thought = (counted(said[2], request, "max_output_tokens") or 0) if said[2] else 0
    thought = min(thought, tokens_out or thought)
    if finish == BROKEN:
        raise ModelError("answer-broke-off", "the server ended the answer with an error", Verdict.WAIT, paid=True)
    estimated = tokens_in is None or (tokens_out is None and bool(text or thoughts or finish == CUT_OFF))
    if tokens_in is None:
        tokens_in = reckoned_input(request) if request else 0
    if tokens_out is None:
        tokens_out = estimated_tokens(text, thoughts)
        if finish == CUT_OFF and request:
            tokens_out = max(tokens_out, request.max_output_tokens)  # whatever it was, it was as much as it may be
    if thoughts and not thought:
        thought = min(tokens_out, estimated_tokens(thoughts))
    return Completion(text, tokens_in, tokens_out, finish, thought, estimated)


def counted(value: Any, request: Request | None, bound: str) -> int | None:
    """What a server says of tokens, where it can be. Most counts are below what is believed of any request."""
    if type(value) is int and 0 < value <= SPARE_TOKENS:
        return value
    return tokens_said(value, getattr(request, bound) if request else TOKENS_AT_MOST)


def added(drawn: Any, thought: Any) -> Any:
    """The tokens of an answer and of its thoughts, where a server counts them apart; both are paid for."""
    return drawn + thought if isinstance(drawn, int) and isinstance(thought, int) else drawn or thought


def reckoned_input(request: Request) -> int:
    """About how many tokens a request has."""
    return estimated_tokens(request.system, request.prompt) + MESSAGE_TOKENS


def estimated_tokens(*texts: str) -> int:
    """About how many tokens the texts have."""
    return math.ceil(sum(map(tokens_of, texts)))
