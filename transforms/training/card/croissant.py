"""Croissant metadata (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html): what catalogues read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from persona_hub.transforms.training.card.licenses import Licenses
from persona_hub.transforms.training.data_set import DataSet, UseCaseSet
from persona_hub.transforms.training.files import LINES, PARQUET, DataFile
from persona_hub.transforms.training.forms import COLUMN_DOCS, MESSAGES, Layout

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
MEDIA_TYPES = {LINES: "application/jsonlines", PARQUET: "application/x-parquet"}
FUNCTION = pa.struct([("name", pa.string()), ("description", pa.string())])
IN_ALL_OBJECTS = {"messages": MESSAGES, "tools": pa.list_(pa.struct([("type", pa.string()), ("function", FUNCTION)]))}
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant_of(data: DataSet, name: str, address: str, licenses: Licenses) -> bytes:
    """The metadata as JSON-LD: each file with its hash, and a record set for each use case and split.

    `address` is where the data set is to be found, "" where that is not known. The same data set has the same bytes on
    any day.
    """
    created = max((run.created for run in data.runs), default="")
    files = [file for one in data.use_cases for file in one.files]
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": name,
        "description": f"Synthetic training data in the form '{data.form}', made with personas by Persona Hub on Beam.",
        "url": address or None,
        "version": "1.0.0",
        "datePublished": created[:10] or None,
        "license": licenses.data or None,
        "inLanguage": sorted(data.languages) or None,
        "keywords": ["synthetic", "persona-hub", data.form],
        "citeAs": "Scaling Synthetic Data Creation with 1,000,000,000 Personas, https://arxiv.org/abs/2406.20094",
        "distribution": [file_object(file) for file in files],
        "recordSet": [record_set(one, file) for one in data.use_cases for file in files_of_records(one)],
    }
    told = {key: value for key, value in document.items() if value is not None}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def file_object(file: DataFile) -> dict[str, Any]:
    """One file, beside the metadata."""
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": MEDIA_TYPES[file.format],
        "sha256": file.sha256,
    }


def files_of_records(one: UseCaseSet) -> Sequence[DataFile]:
    """The files that record sets are read from: one format, Parquet where there is."""
    parquet = [file for file in one.files if file.format == PARQUET]
    return parquet or one.files


def record_set(one: UseCaseSet, file: DataFile) -> dict[str, Any]:
    """The rows of one file."""
    name = file.name.removesuffix(".jsonl").removesuffix(".parquet")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{file.records} rows of the use case '{one.use_case}', split '{file.split}'",
        "field": [*croissant_fields(name, file, one.layout)],
    }


def croissant_fields(record_set_id: str, file: DataFile, layout: Layout) -> Iterator[dict[str, Any]]:
    """A field for each column; of those with an inner form, a field for each of its leaves.

    Of objects that are not alike, which are text in Parquet, JSON Lines have fields for what is in all of them.
    """
    for column in layout.schema:
        place = f"{record_set_id}/{column.name.replace(' ', '_')}"  # an id has no blank
        source = {"fileObject": {"@id": file.name}, "extract": {"column": column.name}}
        kind = column.type
        if column.name in layout.json_columns and file.format == LINES:
            kind = IN_ALL_OBJECTS[column.name]
        yield field(place, column.name, COLUMN_DOCS[column.name], kind, source, ())


def field(
    place: str, name: str, doc: str, kind: pa.DataType, source: Mapping[str, Any], path: tuple[str, ...]
) -> dict[str, Any]:
    """One field and those in it."""
    made: dict[str, Any] = {"@type": "cr:Field", "@id": place, "name": name, "description": doc}
    if pa.types.is_list(kind):
        made["repeated"] = True
        kind = kind.value_type
    if pa.types.is_struct(kind):
        inner = (field(f"{place}/{one.name}", one.name, one.name, one.type, source, (*path, one.name)) for one in kind)
        return {**made, "subField": [*inner]}
    read = {**source, "transform": {"jsonPath": ".".join(path)}} if path else source
    return {**made, "dataType": "sc:Integer" if pa.types.is_integer(kind) else "sc:Text", "source": read}
