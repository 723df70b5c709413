"""What Hugging Face's hub takes as the front matter of a data set's card, after its own documentation.

https://github.com/huggingface/hub-docs/blob/main/datasetcard.md and the pages on licences and on data files.
"""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import yaml

from persona_hub.transforms.training.card.licenses import KNOWN, OTHER_LICENSE

# The hub's own expression (moon-landing, ViewMarkdown.ts), which `huggingface_hub` has, too.
FRONT_MATTER = re.compile(r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))")
TEXT = {"type": "string", "minLength": 1}
FEATURES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": TEXT,
            "dtype": {"enum": ["string", "int64", "float64", "bool", "json"]},
            "struct": {"$ref": "#/$defs/features"},
            "list": {"anyOf": [{"$ref": "#/$defs/features"}, {"enum": ["string", "json"]}]},
        },
        "additionalProperties": False,
    },
}
SCHEMA: dict[str, Any] = {
    "$defs": {"features": FEATURES},
    "type": "object",
    "properties": {
        "pretty_name": TEXT,
        "language": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,3}$"}},
        "license": {"enum": sorted(KNOWN | {OTHER_LICENSE, "unknown"})},
        "license_name": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9.-]*$"},
        "task_categories": {"type": "array", "items": {"enum": ["text-generation", "question-answering"]}},
        "size_categories": {
            "type": "array",
            "maxItems": 1,
            "items": {"enum": ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M"]},
        },
        "tags": {"type": "array", "items": TEXT, "uniqueItems": True},
        "configs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["config_name", "data_files"],
                "properties": {
                    "config_name": {"type": "string", "pattern": r"^[^<>:/\\|?*]+$"},
                    "default": {"const": True},
                    "data_files": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["split", "path"],
                            "properties": {
                                "split": {"type": "string", "pattern": r"^\w+(\.\w+)*$"},
                                "path": {"type": "array", "minItems": 1, "items": TEXT},
                            },
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
        "dataset_info": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["config_name", "features"],
                "properties": {"config_name": TEXT, "features": {"$ref": "#/$defs/features"}},
                "additionalProperties": False,
            },
        },
    },
    "if": {"properties": {"license": {"const": OTHER_LICENSE}}, "required": ["license"]},
    "then": {"required": ["license_name"]},
    "additionalProperties": False,
}


def front_matter_of(card: str) -> Any:
    """The metadata of a card."""
    found = FRONT_MATTER.search(card)
    return yaml.safe_load(found[2]) if found else None


def faults_of_card(card: str) -> list[str]:
    """What the hub would refuse of a card."""
    try:
        document = front_matter_of(card)
    except yaml.YAMLError as error:
        return [str(error)]
    found = jsonschema_rs.validator_for(SCHEMA).iter_errors(document)
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in found]
