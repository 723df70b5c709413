"""Backends by name: one line each. Client libraries are imported when a backend is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pkgutil import resolve_name

from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, StoreEntry
from persona_hub.transforms.calls.registry import BackendRegistry
from persona_hub.transforms.llm.protocol import Completion, LanguageModel, Request, pack_completion, unpack_completion
from persona_hub.transforms.secrets import without_secrets
from persona_hub.transforms.store.protocol import subject_of

LOCAL_BACKENDS = {"offline": "persona_hub.transforms.offline_model:OfflineModel"}  # no call to store, limit or repair
SERVED_BACKENDS = {
    "gemini": "persona_hub.transforms.llm.gemini:GeminiModel",
    "vertex": "persona_hub.transforms.llm.gemini:GeminiModel",
    "vertex-endpoint": "persona_hub.transforms.llm.vertex_endpoint:VertexEndpointModel",
    "openai": "persona_hub.transforms.llm.openai:OpenAIModel",
    "vllm": "persona_hub.transforms.llm.vllm:VllmModel",
    "export": "persona_hub.transforms.llm.export:ExportModel",
}
LOCAL_LANGUAGES = {"offline": "persona_hub.transforms.offline_model.phrasebook:LANGUAGES"}
MODELS = BackendRegistry("--llm", "backend", LOCAL_BACKENDS, SERVED_BACKENDS)
EXPORT, VLLM = "export", "vllm"
KEYED = ("openai", "gemini")  # ask with a key; the others with the account's own credentials, or nothing


def open_model(config: ModelConfig) -> LanguageModel:
    """The backend that `config` names, open. Call it inside the event loop that will use it."""
    # An export goes by the name of the model that will answer, so that the keys are those of its answers.
    backend = EXPORT if EXPORT in config.options else MODELS.split(config.name)[0]
    model: LanguageModel = MODELS.factory(backend)(config)
    return model


def languages_of(config: ModelConfig) -> frozenset[str]:
    """The languages that a local model writes, in place of all others English; none: it is a model of many."""
    place = LOCAL_LANGUAGES.get(config.name)
    found: frozenset[str] = resolve_name(place) if place else frozenset()
    return found


def completion_entries(key: bytes, request: Request, completion: Completion) -> list[StoreEntry]:
    """An answer's entry in the store."""
    return [StoreEntry(key, pack_completion(completion), subject_of(request.subject))]


def completion_of_entries(values: Sequence[bytes], _: Completion | None) -> Completion:
    """The answer that an entry holds."""
    return unpack_completion(values[0])


def clean_completion(completion: Completion) -> Completion:
    """The same without the secrets of this process: some servers quote the key in an answer."""
    text = without_secrets(completion.text)
    return completion if text is completion.text else replace(completion, text=text)


COMPLETIONS = CallKind(
    "completions", open_model, completion_entries, completion_of_entries, recent_answers=4096, clean=clean_completion
)


def answers_in_process(config: ModelConfig) -> bool:
    """Whether requests are answered by the process itself, without the engine. Naming a store asks for the engine."""
    return MODELS.is_local(config.name) and config.store in ("", "none")
