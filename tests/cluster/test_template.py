"""templates/flink/cluster.yaml against the schema that the Flink Kubernetes operator gives the API server."""

from __future__ import annotations

from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.cluster.engines import operator_schema
from tests.helpers.places import TEMPLATES

CLUSTER = TEMPLATES / "flink" / "cluster.yaml"


def closed(schema: Any) -> Any:
    """The same schema, which refuses fields that it does not name: the API server drops them without a word."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    if isinstance(inner.get("properties"), dict) and inner.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


def test_the_operator_takes_the_cluster() -> None:
    definition = yaml.safe_load(operator_schema())
    (version,) = [one for one in definition["spec"]["versions"] if one["storage"]]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["properties"]["flinkVersion"].pop("enum")  # the operator 1.10 is older than Flink 2
    cluster = yaml.safe_load(CLUSTER.read_text())
    assert cluster["apiVersion"] == f"{definition['spec']['group']}/{version['name']}"
    assert cluster["kind"] == definition["spec"]["names"]["kind"]
    assert [error.message for error in Draft202012Validator(closed(schema)).iter_errors(cluster["spec"])] == []
