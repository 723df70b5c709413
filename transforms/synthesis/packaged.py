"""The six use cases of the paper, in its order; each has a folder of its own."""

from __future__ import annotations

from persona_hub.transforms.synthesis.form import PackagedUseCase
from persona_hub.transforms.synthesis.game_npc.use_case import GAME_NPC
from persona_hub.transforms.synthesis.instruction.use_case import INSTRUCTION
from persona_hub.transforms.synthesis.knowledge_text.use_case import KNOWLEDGE_TEXT
from persona_hub.transforms.synthesis.logical_reasoning.use_case import LOGICAL_REASONING
from persona_hub.transforms.synthesis.math.use_case import MATH
from persona_hub.transforms.synthesis.tool.use_case import TOOL

PACKAGED: dict[str, PackagedUseCase] = {
    "math": MATH,
    "logical_reasoning": LOGICAL_REASONING,
    "instruction": INSTRUCTION,
    "knowledge_text": KNOWLEDGE_TEXT,
    "game_npc": GAME_NPC,
    "tool": TOOL,
}
