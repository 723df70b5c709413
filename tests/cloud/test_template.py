"""templates/dataflow/*.json: what they say is what the flags are, and the service's own message takes them."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

import pytest
from google.cloud.dataflow_v1beta3.types import ParameterType, TemplateMetadata

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.option import NumberRange, Option, options_of, truth
from persona_hub.pipelines.cli.parser import parser_of, read_options
from persona_hub.pipelines.cloud.number_patterns import number_pattern
from persona_hub.pipelines.cloud.template import PATTERNS, TEMPLATES, metadata
from tests.helpers.places import ROOT

FOLDER = ROOT / "templates" / "dataflow"
SECRET = "projects/p/secrets/s/versions/latest"
# Of each flag that is a text: what is accepted | what is refused.
EXAMPLES = {
    "across_languages": "True false | yes 1 TRUE",
    "input": "gs://corpus/a.jsonl gs://c-1/*/b.gz,gs://c-2/d gs://c-1/{date:%Y-%m-%d}/* "
    "gs://c-1/{date-1d:%Y/%m/%d}/*,gs://c-2/{date-36h:%G-W%V}/{a}/{}/{data}/{d}/{dates}/x}y "
    "| corpus/a.jsonl gs:// gs://bucket gs://c-1/{date} gs://c-1/{Date:%Y} gs://c-1/{date:%Q}/* "
    "gs://c-1/{date+1d:%d}/* gs://c-1/{date:%Y/* gs://c-1/{%Y}/* gs://c-1/{date-1w:%Y},gs://c-2/*",
    "output": "gs://hub gs://hub/ gs://my.hub/a/b | hub /hub gs://Hub file:///hub",
    "hub": "gs://hub/a | ./hub",
    "text_field": "text raw_content |",
    "personas": "gs://box/a.jsonl gs://box/{date:%Y}/*.parquet,gs://c-2/d | a.jsonl gs://box/{date}",
    "persona_field": "persona core,professional |",
    "language": "en en,de | english EN en;de",
    "llm": "offline openai:gpt-5-mini vertex:publishers/google/models/gemini-3 vertex-endpoint:123 "
    "export:gs://box/x vllm:org/m | gpt openai: openai export:/tmp/x llama:7b",
    "vllm_args": "--max-model-len=8192 |",
    "batch_model": "openai:gpt-5-mini gemini:x | gpt-5-mini vertex-endpoint:1",
    "llm_base_url": "http://vllm:8000/v1 https://host | vllm:8000 https://user:word@host/v1 https://host/v1?key=x",
    "llm_extra_body": '{"reasoning_effort":"low"} | [1] low',
    "llm_api_key_secret": f"{SECRET} projects/p/locations/eu/secrets/s/versions/3 | sk-abcdef secrets/s",
    "embedder_base_url": "https://host/v1 | host",
    "embedder_api_key_secret": f"{SECRET} | sk-abcdef",
    "prompt_dir": "gs://box/prompts | prompts",
    "response_store": "redis://10.0.0.3 rediss://host:6379/1 bigtable://p/i/t none "
    f"redis://host?password_secret={SECRET} | sqlite:/tmp/a redis://:word@host redis:host bigtable://p/i",
    "budget_shares": "none extract_persona=0.3 expand_persona=0.3,extract_persona=0.4 | 0.3 extract_persona=2",
    "rate_limiter": "envoy://limits:8081/models | limits:8081",
    "rate_limit_descriptor": "model=gpt model=gpt,team=a | gpt",
    "price_file": "gs://box/prices.yaml | prices.yaml",
    "persona_language": "same de fil | English",
    "embedder": "offline use savedmodel:gs://box/use openai:text-embedding-3-small | savedmodel:/models/use usual",
    "use_case": "all math math,tool gs://box/my.yaml math,gs://box/my.yaml | maths my.yaml",
    "examples": "gs://box/a.jsonl | a.jsonl",
    "form": "prose faq,conversation | essay",
    "topic": "geometry |",
    "difficulty": "hard |",
    "answer_form": "number set,interval | digits",
    "family": "ordering spatial,sequence | sudoku",
    "words": "200-400 | 200 200-",
    "world": "gs://box/lore.txt | lore.txt",
    "plugin": "no_dates no_dates,of_mine |",
    "verify": "program vote:3/5 none | votes vote:3",
    "judge": "openai:gpt-5 offline gs://box/judge.yaml | gpt-5 judge.yaml",
    "judge_gold": "gs://box/gold.jsonl | gold.jsonl",
    "ablation": "gs://box/out/ablation.json | ablation.json",
    "scores": "gs://box/scores.csv | scores.csv",
    "held_out": "gs://box/gsm8k.jsonl | gsm8k.jsonl",
    "rubric": "gs://box/rubric.yaml | rubric.yaml",
    "against_benchmark": "gs://box/gsm8k.jsonl gs://box/a.csv:question | gsm8k.jsonl",
    "arms": "none few,occupations,hub:10,hub,diverse:100 hop:7,hop:0:20 | all hub:0 diverse hop:8 hop",
    "compare": "hub:100,none | everything",
    "version": "3 0003-1f2e3d4c | a/b",
    "samples": "gs://more gs://more/math.jsonl | more math.jsonl",
    "reference": "gs://box/gsm8k.jsonl gs://box/people.csv | people.csv",
    "balance": "country country,life_stage gs://box/shares.csv | shares.csv country; gs://box/shares.txt",
    "columns": "gs://box/balance gs://box/a.jsonl,gs://box/b.jsonl | balance",
    "where": "hop<2 language=de |",
    "choose": "random diverse stratified:language,hop | all stratified:",
    "format": "auto warc | pdf",
    "pii": "keep | maybe",
    "attributes": "rules model off | guess",
    "bucket_keys": "partition | lsh",
    "response_store_sync": "power | always",
}


@pytest.fixture(params=TEMPLATES)
def job(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def committed(job: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((FOLDER / f"{job}.json").read_text())
    return made


def parameters(job: str) -> dict[str, dict[str, Any]]:
    return {parameter["name"]: parameter for parameter in committed(job)["parameters"]}


def test_they_are_as_the_flags_make_them(job: str) -> None:
    assert committed(job) == metadata(JOB_BY_NAME[job]), (
        "run python -m persona_hub.pipelines.cloud.template templates/dataflow"
    )


def test_each_flag_is_a_parameter_and_each_parameter_a_flag(job: str) -> None:
    own = options_of(JOB_BY_NAME[job].options)
    actions = {action.dest: action for action in parser_of(JOB_BY_NAME[job])._actions}
    flags = {name: action for name, action in actions.items() if name in own and own[name].in_template}
    # What a model's file says is sent as the other flags; nobody looks at a launcher's progress.
    assert own.keys() - flags.keys() == {"model", "progress"} & own.keys()
    assert flags.keys() == parameters(job).keys()
    assert [flag.required for flag in flags.values()] == [not found["isOptional"] for found in parameters(job).values()]


def test_the_service_takes_them(job: str) -> None:
    message = TemplateMetadata.from_json((FOLDER / f"{job}.json").read_text(), ignore_unknown_fields=False)
    assert len(message.parameters) == len(parameters(job))
    kinds = {parameter.name: parameter.param_type for parameter in message.parameters}
    assert kinds["partitions"] == ParameterType.NUMBER
    assert kinds.get("pii", ParameterType.ENUM) == ParameterType.ENUM
    with pytest.raises(Exception, match="regex"):
        TemplateMetadata.from_json('{"parameters": [{"name": "a", "regex": "b"}]}', ignore_unknown_fields=False)


def test_what_they_accept_the_job_accepts_too(job: str) -> None:
    for name, parameter in parameters(job).items():
        (regex,) = parameter["regexes"]
        accepted, refused = examples(name, options_of(JOB_BY_NAME[job].options)[name])
        if default := parameter.get("defaultValue"):
            accepted.append(default)
        required = [
            f"--{flag}={3 if found['paramType'] == 'NUMBER' else 'gs://box/x'}"
            for flag, found in parameters(job).items()
            if not found["isOptional"]
        ]
        if (several := JOB_BY_NAME[job].options.one_of) and name != several[0]:  # not all of these need be there
            required.append(f"--{several[0]}=gs://box/x")
        for value in accepted:
            assert re.match(regex, value), (name, value)
            read_options(JOB_BY_NAME[job], [*required, f"--{name}={value}"])
        for value in [*refused, "", "two\nlines"]:
            assert not re.match(regex, value), (name, value)


def examples(name: str, one: Option) -> tuple[list[str], list[str]]:
    """(values to accept, values to refuse) of a flag."""
    kind = one.type
    if not isinstance(kind, NumberRange):
        accepted, _, others = EXAMPLES[name].partition("|")
        return accepted.split(), others.split()
    low, high = (kind.kind(min(bound, 1e15)) for bound in (kind.low, kind.high))
    refused = ["much", "1,5", *([] if kind.low < 0 else [str(low - 1), "-1"])]
    return [f"{max(low, -1e15):.{3 if kind.kind is float else 0}f}", f"{high}"], refused


def test_every_text_has_a_pattern_and_examples() -> None:
    found = {name: one for job in TEMPLATES for name, one in options_of(JOB_BY_NAME[job].options).items()}
    texts = {name for name, one in found.items() if one.in_template and not isinstance(one.type, NumberRange)}
    assert texts == EXAMPLES.keys()
    assert texts == PATTERNS.keys() | {name for name in texts if found[name].choices or found[name].type is truth}


@pytest.mark.parametrize(("low", "high"), [(0, 6), (1, 4096), (0, 10), (7, 7), (95, 1234), (0, 100), (200, 10_000)])
def test_a_range_of_whole_numbers_is_exact(low: int, high: int) -> None:
    pattern = re.compile(number_pattern(NumberRange(low, high)))
    found = [i for i in range(high * 2 + 20) if pattern.fullmatch(str(i))]
    assert found == list(range(low, high + 1))


@pytest.mark.parametrize(("low", "high"), [(0.5, 1.0), (0.1, 0.5), (0.1, 3600.0), (0.0, 2.0), (0.0, 1.0)])
def test_a_range_of_fractions_is_exact_to_the_decimal(low: float, high: float) -> None:
    kind = NumberRange(low, high, float)
    pattern = re.compile(number_pattern(kind))
    for hundredths in [*range(0, 400), *range(359_900, 360_100)]:
        text = f"{hundredths / 100:.2f}"
        try:
            within = kind(text) is not None
        except argparse.ArgumentTypeError:
            within = False
        assert bool(pattern.fullmatch(text)) == within, text
