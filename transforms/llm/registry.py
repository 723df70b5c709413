"""Backends by name: one line each. Client libraries are imported when a backend is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, StoreEntry
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.protocol import Completion, LanguageModel, Request, pack_completion, unpack_completion
from persona_hub.transforms.store.protocol import subject_of

BACKENDS = {
    "offline": "persona_hub.transforms.offline_model:OfflineModel",
    "gemini": "persona_hub.transforms.llm.gemini:GeminiModel",
    "vertex": "persona_hub.transforms.llm.gemini:GeminiModel",
    "vertex-endpoint": "persona_hub.transforms.llm.vertex_endpoint:VertexEndpointModel",
    "openai": "persona_hub.transforms.llm.openai:OpenAIModel",
    "vllm": "persona_hub.transforms.llm.vllm:VllmModel",
    "export": "persona_hub.transforms.llm.export:ExportModel",
}
EXPORT, VLLM = "export", "vllm"
KEYED = ("openai", "gemini")  # ask with a key; the others with the account's own credentials, or nothing
LOCAL = ("offline",)  # answer in this very process, at once and for nothing: there is no call to keep, pace or repair


def split_name(name: str) -> tuple[str, str]:
    """("openai", "gpt-5-mini") of "openai:gpt-5-mini". Raises ValueError for a backend that is not there."""
    backend, _, model = name.partition(":")
    if backend not in BACKENDS:
        raise InvalidInputError(f"--llm {name}: no backend {backend!r}; there are {', '.join(BACKENDS)}")
    return backend, model


def open_model(config: ModelConfig) -> LanguageModel:
    """The backend that `config` names, open. Call it inside the event loop that will use it."""
    # An export goes by the name of the model that will answer, so that the keys are those of its answers.
    backend = EXPORT if EXPORT in config.options else split_name(config.name)[0]
    module, _, attribute = BACKENDS[backend].partition(":")
    factory: Callable[[ModelConfig], LanguageModel] = getattr(import_module(module), attribute)
    return factory(config)


def completion_entries(key: bytes, request: Request, completion: Completion) -> list[StoreEntry]:
    """An answer's entry in the store."""
    return [StoreEntry(key, pack_completion(completion), subject_of(request.subject))]


def completion_of_entries(values: Sequence[bytes], _: Completion) -> Completion:
    """The answer that an entry holds."""
    return unpack_completion(values[0])


COMPLETIONS = CallKind("completions", open_model, completion_entries, completion_of_entries, recent_answers=4096)


def answers_in_process(config: ModelConfig) -> bool:
    """Whether requests are answered by the process itself, without the engine. Naming a store asks for the engine."""
    backend, _ = split_name(config.name)
    return backend in LOCAL and config.store in ("", "none")
