"""Families: by a model's name, unknown where it does not tell."""

from __future__ import annotations

import pytest

from persona_hub.transforms.judging.families import families_of, same_family, told_families


@pytest.mark.parametrize(
    ("model", "families"),
    [
        ("openai:gpt-5-mini", {"gpt"}),
        ("openai:gpt4o", {"gpt"}),
        ("openai:o3", {"gpt"}),
        ("openai:o4-mini-2025-04-16", {"gpt"}),
        ("openai:openai/gpt-oss-20b", {"gpt"}),
        ("gemini:gemini-2.5-flash", {"google"}),
        ("vllm:google/gemma-3-27b-it", {"google"}),
        ("openai:anthropic/claude-sonnet-4.5", {"claude"}),
        ("openai:meta-llama/Meta-Llama-3.1-8B-Instruct", {"llama"}),
        ("openai:Qwen/Qwen2.5-0.5B-Instruct", {"qwen"}),
        ("openai:qwen3:8b", {"qwen"}),
        ("openai:QwQ-32B", {"qwen"}),
        ("openai:Mixtral-8x7B", {"mistral"}),
        ("openai:deepseek-ai/DeepSeek-R1-Distill-Llama-8B", {"deepseek", "llama"}),
        ("openai:microsoft/phi-4", {"phi"}),
        ("openai:zai-org/GLM-4.5", {"glm"}),
        ("openai:01-ai/Yi-1.5-34B", {"yi"}),
        ("openai:solar-10.7b", set()),
        ("openai:philosopher", set()),
        ("openai:casanova-2", set()),
        ("openai:yield-1", set()),
        ("vertex-endpoint:1234567890", set()),
        ("offline", {"offline"}),
    ],
)
def test_the_families_of_a_name(model: str, families: set[str]) -> None:
    assert families_of(model) == families


def test_what_is_not_told_is_unknown() -> None:
    assert same_family("openai:gpt-5", "openai:o3") is True
    assert same_family("openai:DeepSeek-R1-Distill-Qwen-7B", "openai:Qwen3-8B") is True
    assert same_family("openai:gpt-5", "gemini:gemini-2.5-pro") is False
    assert same_family("openai:my-tune", "openai:gpt-5") is None
    assert same_family("openai:my-tune", "openai:my-tune") is True


def test_the_report_says_what_the_families_are() -> None:
    assert "it may favour them" in told_families("openai:gpt-5", "openai:gpt-5-mini")
    assert "is unknown" in told_families("openai:my-tune", "openai:gpt-5")
    assert told_families("openai:gpt-5", "gemini:gemini-2.5-flash") == ""
