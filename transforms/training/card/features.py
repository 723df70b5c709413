"""The types of a data set's columns as others spell them: `datasets` in a card, Croissant in its JSON-LD."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from persona_hub.transforms.training.forms import Layout

JSON = "json"  # `datasets`' type of JSON objects that are not alike, from release 4.7 on


def features_of(layout: Layout) -> list[dict[str, Any]]:
    """The columns as `dataset_info` in a card has them.

    With them a reader need not guess types from the first rows of JSON Lines, in which whole columns may be null.
    """
    found = []
    for column in layout.schema:
        kind: Any = feature(column.type)
        if column.name in layout.json_columns:
            kind = {"list": JSON}
        found.append({"name": column.name, **kind})
    return found


def feature(kind: pa.DataType) -> dict[str, Any]:
    """One type."""
    if pa.types.is_struct(kind):
        return {"struct": [{"name": inner.name, **feature(inner.type)} for inner in kind]}
    if pa.types.is_list(kind):
        inner = feature(kind.value_type)
        return {"list": inner.get("struct") or inner["dtype"]}
    return {"dtype": str(kind)}
