"""Run in a process of its own, with `datasets`, `transformers` and `mlcroissant`: what they read of data sets.

Reads {name: folder} as JSON from standard input; writes {name: {rows, features, schema, issues, records, rendered}}.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import datasets
import mlcroissant
import transformers
from tokenizers import Tokenizer, models

# ChatML, with tools as Qwen's template shows them.
TEMPLATE = (
    "{% if tools %}<|im_start|>system\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content }}"
    "{% if message.tool_calls %}{% for call in message.tool_calls %}"
    "<tool_call>{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}</tool_call>"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
)
TOKENIZER = transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, "a")))


def read(folder: str) -> dict[str, Any]:
    """What the libraries read of one folder."""
    found: dict[str, Any] = {"rows": {}, "features": {}, "rendered": {}}
    for config in datasets.get_dataset_config_names(folder):
        loaded = datasets.load_dataset(folder, config)
        found["rows"][config] = {split: rows.to_list() for split, rows in loaded.items()}
        found["features"][config] = next(iter(loaded.values())).features._to_yaml_list()
        if "messages" in found["features"][config][0]["name"]:
            rows = [row for split in loaded.values() for row in split]
            found["rendered"][config] = [
                TOKENIZER.apply_chat_template(
                    row["messages"], tools=row.get("tools") or None, chat_template=TEMPLATE, tokenize=False
                )
                for row in rows
            ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        croissant = mlcroissant.Dataset(jsonld=Path(folder, "croissant.json"))
    issues = croissant.metadata.ctx.issues
    found["issues"] = sorted(map(str, [*issues.errors, *issues.warnings]))
    found["records"] = {
        record_set.id: [plain(record) for record in croissant.records(record_set.id)]
        for record_set in croissant.metadata.record_sets
    }
    return found


def plain(value: Any) -> Any:
    """A record of mlcroissant as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if hasattr(value, "item") else value


if __name__ == "__main__":
    json.dump({name: read(folder) for name, folder in json.load(sys.stdin).items()}, sys.stdout)
