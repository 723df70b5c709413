"""Notations of thoughts that servers have been seen to leave in an answer."""

from __future__ import annotations

HARMONY = ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>")
# Begin and end; the chat template may swallow the beginning.
NOTATIONS = {
    "deepseek": ("<think>", "</think>"),
    "thinking": ("<thinking>\n", "\n</thinking>\n\n"),
    "thought": ("<Thought>", "</Thought>"),
    "mixed": ("<think>", "</thinking>"),
    "magistral": ("[THINK]", "[/THINK]"),
    "kimi": ("◁think▷", "◁/think▷"),
    "seed": ("<seed:think>", "</seed:think>"),
    "another prefix": ("<mm:think>", "</mm:think>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "reflection": ("<reflection>", "</reflection>"),
    "scratchpad": ("<scratchpad>", "</scratchpad>"),
    "sky": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "command": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    "apertus": ("<|inner_prefix|>", "<|inner_suffix|>"),
    "gemma": ("<|channel>thought\n", "<channel|>"),
    "harmony": HARMONY,
    "harmony with a form": (HARMONY[0], "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>"),
    "harmony with a commentary": (
        HARMONY[0],
        "<|end|><|start|>assistant<|channel|>commentary<|message|>A {draft}<|end|>"
        "<|start|>assistant<|channel|>final<|message|>",
    ),
    "harmony without its tokens": ("analysis", "assistantfinal"),
    "harmony on lines": ("analysis\n", "\nassistant\nfinal\n"),
    "harmony, twice": ("analysis", "assistantcommentaryOnce more.assistantfinal"),
    "ollama": ("Thinking...\n", "...done thinking.\n\n"),
}
# Elements that count as thoughts only where they begin an answer, and so with their opening tag.
ELEMENTS = {
    "open web ui": ('<details type="reasoning" done="true">\n<summary>Thought for 2 seconds</summary>', "</details>"),
    "plan": ("<plan>", "</plan>"),
    "reason": ("<reason>", "</reason>"),
    "medgemma": ("<unused94>thought\n", "<unused95>"),
    "another language": ("<размышление>", "</размышление>"),
    "a tag that nobody listed": ("<ponder>", "</ponder>"),
    "a tag with a prefix that nobody listed": ("<x:mull>", "</x:mull>"),
}
