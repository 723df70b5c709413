"""Metadata of the flex templates of Dataflow, out of the options of the jobs.

`python -m persona_hub.pipelines.cloud.template templates/dataflow` writes it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, Job
from persona_hub.pipelines.cli.date_macros import MACRO
from persona_hub.pipelines.cli.launch_options import TEMPLATES
from persona_hub.pipelines.cli.option import NumberRange, Option, truth
from persona_hub.pipelines.cli.parser import is_inherited, typed_default
from persona_hub.pipelines.cli.sections import sections_of
from persona_hub.pipelines.cloud.number_patterns import number_pattern
from persona_hub.transforms.ablation.arms import OWN_ARMS
from persona_hub.transforms.embedding.registry import PAID_EMBEDDERS
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES
from persona_hub.transforms.llm.registry import EXPORT, SERVED_BACKENDS
from persona_hub.transforms.records import HOP_LIMIT
from persona_hub.transforms.store.registry import TABLE_ADDRESS
from persona_hub.transforms.synthesis.packaged import PACKAGED
from persona_hub.transforms.synthesis.settings import ANSWER_FORMS, FAMILIES
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES

# Workers and launcher see no disk but their own: what a job reads and writes lies on Cloud Storage.
BUCKET = r"gs://[a-z0-9][a-z0-9._-]+[a-z0-9]"
CLOUD_OBJECT, CLOUD_FOLDER = rf"{BUCKET}/[^\r\n]+", rf"{BUCKET}(/[^\r\n]*)?"
# Braces may be part of a name, but for those that begin as a date macro does, or hold a directive of one.
OTHER = "|".join(
    "".join(f"[{c}{c.upper()}]" for c in "date"[:i]) + rf"([^{c}{c.upper()}\s{{}}%][^{{}}%\r\n]*)?"
    for i, c in enumerate("date")
)
BRACES = rf"{MACRO.pattern}|\{{({OTHER}|[dD][aA][tT][eE]\w[^{{}}%\r\n]*)\}}"
INPUT = rf"{BUCKET}/([^{{\r\n]|{BRACES})+"
KEPT_KEY = r"projects/[^/\s]+(/locations/[a-z0-9-]+)?/secrets/[A-Za-z0-9_-]+/versions/[A-Za-z0-9_-]+"
# Keys come from Secret Manager: an address that could hold a password is refused.
PLACE = r"[^\s/?#@]+"
URL = rf"https?://{PLACE}(/[^\s?#@]*)?"
MODEL = r"[^\s:][^\s]*"
SERVED = "|".join(name for name in SERVED_BACKENDS if name != EXPORT)
DRAWN = r"[1-9][0-9]{0,5}"  # personas of an arm
ARM_PATTERN = rf"{'|'.join(OWN_ARMS)}|hub(:{DRAWN})?|diverse:{DRAWN}|hop:[0-{HOP_LIMIT}](:{DRAWN})?"
ONE_ATTRIBUTE = "|".join(ATTRIBUTES)
PATTERNS = {  # of each flag that is a text: (what one value matches as a whole, type of the parameter)
    "input": (INPUT, "TEXT"),  # may be several, set apart by commas
    "personas": (INPUT, "TEXT"),
    "persona_field": (r"[^,\s][^,\r\n]*", "TEXT"),
    "output": (CLOUD_FOLDER, "GCS_WRITE_FOLDER"),
    "hub": (CLOUD_FOLDER, "GCS_READ_FOLDER"),
    "text_field": (r"\S.*", "TEXT"),
    "language": (r"[a-z]{2,3}", "TEXT"),
    "llm": (rf"offline|({SERVED}):{MODEL}|export:{CLOUD_FOLDER}", "TEXT"),
    "vllm_args": (r"[^\r\n]*\S[^\r\n]*", "TEXT"),
    "batch_model": (rf"(openai|gemini|vertex):{MODEL}", "TEXT"),
    "llm_base_url": (URL, "TEXT"),
    "llm_extra_body": (r"\{[^\r\n]*\}", "TEXT"),
    "llm_api_key_secret": (KEPT_KEY, "TEXT"),
    "embedder_base_url": (URL, "TEXT"),
    "embedder_api_key_secret": (KEPT_KEY, "TEXT"),
    "prompt_dir": (CLOUD_FOLDER, "GCS_READ_FOLDER"),
    "response_store": (
        rf"rediss?://{PLACE}(/[0-9]*)?(\?(username=[A-Za-z0-9_.@-]+&)?password_secret={KEPT_KEY})?"
        rf"|bigtable:{TABLE_ADDRESS.pattern}|none",
        "TEXT",
    ),
    "budget_shares": (r"[a-z_]+=(0(\.[0-9]+)?|1(\.0+)?)|none", "TEXT"),
    "rate_limiter": (rf"envoy://{PLACE}/[^\s/?#@]+", "TEXT"),
    "rate_limit_descriptor": (r"[^\s=,]+=[^\s,]+", "TEXT"),
    "price_file": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "persona_language": (r"same|[a-z]{2,3}", "TEXT"),
    "embedder": (rf"use|hash|offline|savedmodel:{CLOUD_FOLDER}|({'|'.join(PAID_EMBEDDERS)}):{MODEL}", "TEXT"),
    "use_case": (rf"all|none|{'|'.join(USE_CASE_NAMES)}|{BUCKET}/[^,\r\n]+\.ya?ml", "TEXT"),
    "where": (r"[^\r\n]*\S[^\r\n]*", "TEXT"),
    "balance": (rf"({ONE_ATTRIBUTE})(,({ONE_ATTRIBUTE}))*|{BUCKET}/[^,\r\n]+\.csv", "TEXT"),
    "columns": (rf"{CLOUD_OBJECT}", "TEXT"),
    "choose": (r"random|diverse|stratified:[^\r\n]*\S[^\r\n]*", "TEXT"),
    "examples": (rf"([a-z][a-z0-9_]*=)?{CLOUD_OBJECT}", "TEXT"),
    "form": (rf"{'|'.join(form for one in PACKAGED.values() for form in one.forms)}", "TEXT"),
    "topic": (r"[^\r\n]*\S[^\r\n]*", "TEXT"),
    "difficulty": (r"[^\r\n]*\S[^\r\n]*", "TEXT"),
    "answer_form": ("|".join(ANSWER_FORMS), "TEXT"),
    "family": ("|".join(FAMILIES), "TEXT"),
    "words": (r"[0-9]+-[0-9]+", "TEXT"),
    "world": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "plugin": (r"[^\s,]+", "TEXT"),
    "verify": (r"program|independent|none|vote:[0-9]+/[0-9]+", "TEXT"),
    "judge": (rf"offline|({SERVED}):{MODEL}|{BUCKET}/[^,\r\n]+\.ya?ml", "TEXT"),
    "judge_gold": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "ablation": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "scores": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "held_out": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "rubric": (CLOUD_OBJECT, "GCS_READ_FILE"),
    "against_benchmark": (CLOUD_OBJECT, "TEXT"),
    "arms": (ARM_PATTERN, "TEXT"),
    "compare": (ARM_PATTERN, "TEXT"),
    "version": (r"[^/\s]+", "TEXT"),
    "samples": (CLOUD_FOLDER, "TEXT"),  # or a file
    "reference": (CLOUD_OBJECT, "GCS_READ_FILE"),
}


def metadata(job: Job) -> dict[str, Any]:
    """Metadata of a job's template, as `gcloud dataflow flex-template build --metadata-file` reads it."""
    parameters = [
        parameter(name, one, title, is_inherited(job.options, one))
        for title, own in sections_of(job.options)
        for name, one in own.items()
        if one.in_template
    ]
    return {"name": f"Persona Hub: {job.name}", "description": job.help, "parameters": parameters}


def parameter(name: str, one: Option, title: str, inherited: bool) -> dict[str, Any]:
    """One option as a parameter in the section `title`."""
    default = "" if inherited or one.default in ("", None, ()) else typed_default(one.default)
    kind = kind_of(name, one)
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "helpText": help_of(name, one, inherited),
        "isOptional": not one.required,
        "regexes": [f"^({pattern_of(name, one)})$"],
        "paramType": kind,
        "groupName": title,
        **({"enumOptions": [{"value": choice, "label": choice} for choice in one.choices]} if kind == "ENUM" else {}),
        **({"defaultValue": default} if default else {}),
    }


def help_of(name: str, one: Option, inherited: bool) -> str:
    """The option's help, and what is different in a template."""
    remote = (
        "; in a template: gs:// only" if PATTERNS.get(name, ("",))[0] in (INPUT, CLOUD_OBJECT, CLOUD_FOLDER) else ""
    )
    return one.help + remote + (" [as the hub was built]" if inherited else "")


def kind_of(name: str, one: Option) -> str:
    """The type of its parameter. A list of choices is a text: an ENUM is one of them."""
    if isinstance(one.type, NumberRange):
        return "NUMBER"
    if one.type is truth:
        return "BOOLEAN"
    if one.choices:
        return "TEXT" if one.many else "ENUM"
    return PATTERNS[name][1]


def pattern_of(name: str, one: Option) -> str:
    """What a value matches as a whole, without look-ahead: service and console have engines of their own."""
    if isinstance(one.type, NumberRange):
        return number_pattern(one.type)
    if one.type is truth:
        return "[Tt]rue|[Ff]alse"
    value = "|".join(one.choices) or PATTERNS[name][0]
    return rf"({value})(,\s*({value}))*" if one.many and not one.paths else value


def pattern_faults(job: Job, texts: Mapping[str, str]) -> list[str]:
    """Names of those of a job's flags whose text its template refuses."""
    patterns = {parameter["name"]: parameter["regexes"][0] for parameter in metadata(job)["parameters"]}
    return [name for name, text in texts.items() if not re.match(patterns[name], text)]


def main(folder: str) -> None:
    """Writes the metadata of each template into `folder`."""
    for name in TEMPLATES:
        text = json.dumps(metadata(JOB_BY_NAME[name]), indent=2, ensure_ascii=False)
        (Path(folder) / f"{name}.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
