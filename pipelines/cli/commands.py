"""Every command: what it does, where it is written, and which flags of pipelines/cli/options.py it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A command: what it does, the function that runs it ("module:function"), and its flags."""

    name: str
    help: str
    function: str
    flags: tuple[str, ...]
    runs_on_beam: bool = True
    optional: tuple[str, ...] = ()  # flags that other jobs require and this one does not
    inherited: tuple[str, ...] = ()  # flags whose default is what the hub was built with


CORPUS = ("format", "text_field", "language", "max_documents", "min_characters", "max_characters")
ASKING = (
    "llm",
    "batch_model",
    "llm_base_url",
    "llm_api_key_secret",
    "vllm_args",
    "prompt_dir",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
)
CALLING = (
    "max_in_flight",
    "response_store",
    "response_store_sync",
    "max_cost_usd",
    "max_calls",
    "budget_tokens",
    "price_file",
    "call_timeout",
    "call_attempts",
)
RATES = ("requests_per_minute", "tokens_per_minute", "rate_limiter", "rate_limit_descriptor")
SPENDING = (*CALLING, "budget_shares", *RATES, "retry_malformed")
MODEL = (*ASKING, *SPENDING)
PERSONAS = (
    "personas_per_document",
    "persona_language",
    "expand_hops",
    "expand_per_persona",
    "stop_below_novelty",
    "pii",
)
EMBEDDER_CALLS = (
    "embedder_base_url",
    "embedder_api_key_secret",
    "embedding_batch",
    "embedder_requests_per_minute",
    "embedder_tokens_per_minute",
)
DEDUP = (
    "minhash_threshold",
    "bucket_keys",
    "embedder",
    "embedding_dimensions",
    *EMBEDDER_CALLS,
    "embedding_threshold",
)
SAMPLES = ("use_case", "samples_per_persona", "max_samples", "examples")

BUILD = ("input", "output", *CORPUS, *MODEL, *PERSONAS, *DEDUP, *SAMPLES, "partitions")

LAUNCH = (
    "job",
    "template",
    "project",
    "region",
    "job_name",
    "service_account",
    "subnetwork",
    "no_public_ips",
    "machine_type",
    "num_workers",
    "max_workers",
    "temp_location",
    "staging_location",
    "wait",
    "endpoint",
)

SCHEDULED = tuple(name for name in LAUNCH if name != "wait")  # nobody is there to wait

INHERITED = (
    "text_field",
    "language",
    "min_characters",
    "max_characters",
    "llm",
    "batch_model",
    "llm_base_url",
    "prompt_dir",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    *PERSONAS,
    *DEDUP,
)

JOBS = [
    Job(
        "build",
        "corpus -> hub of personas (-> samples)",
        "persona_hub.pipelines.build:build_hub",
        BUILD,
    ),
    Job(
        "refresh",
        "hub + new corpus -> the hub's next version, with what the corpus brings",
        "persona_hub.pipelines.refresh:refresh_hub",
        ("hub", *(name for name in BUILD if name != "output")),
        inherited=INHERITED,
    ),
    Job(
        "dedup",
        "personas, or any short texts -> those that are no near-duplicates",
        "persona_hub.pipelines.dedup:deduplicate",
        ("input", "output", "text_field", *DEDUP, *CALLING, "against", "partitions"),
    ),
    Job(
        "synthesize",
        "hub -> samples of use cases",
        "persona_hub.pipelines.synthesize:synthesize_samples",
        ("hub", "output", *MODEL, "pii", *SAMPLES, "partitions"),
    ),
    Job(
        "export",
        "hub and samples -> JSON Lines as the authors released, or Parquet",
        "persona_hub.pipelines.commands.export:export_hub",
        ("hub", "export_format", "export_output"),
        runs_on_beam=False,
    ),
    Job(
        "versions",
        "which versions a hub has, and which one readers see",
        "persona_hub.pipelines.commands.versions:list_hub_versions",
        ("hub",),
        runs_on_beam=False,
    ),
    Job(
        "diff",
        "two versions of a hub -> who came, who went, and what decided it",
        "persona_hub.pipelines.commands.diff:diff_versions",
        ("hub", "version", "since"),
        runs_on_beam=False,
    ),
    Job(
        "rollback",
        "an earlier version becomes the one that readers see; nothing is deleted",
        "persona_hub.pipelines.commands.rollback:roll_back",
        ("hub", "version"),
        runs_on_beam=False,
    ),
    Job(
        "takedown",
        "a version without what came of some sources, which no refresh reads again",
        "persona_hub.pipelines.takedown:take_down_sources",
        ("hub", "source", "purge", "older_than_hours", *DEDUP, *CALLING, "partitions"),
        inherited=(*DEDUP, "response_store"),
    ),
    Job(
        "compact",
        "a chain of versions -> one that has files of its own only",
        "persona_hub.pipelines.compact:compact_hub",
        ("hub", "partitions"),
    ),
    Job(
        "gc",
        "removes the files that no kept version of a hub names",
        "persona_hub.pipelines.commands.gc:collect_garbage",
        ("hub", "keep", "older_than_hours", "dry_run"),
        runs_on_beam=False,
    ),
    Job(
        "preview",
        "a few documents -> prompts, answers, personas and verdicts, to look at before paying",
        "persona_hub.pipelines.commands.preview:preview_build",
        (*BUILD, "preview_n"),
        runs_on_beam=False,
        optional=("output",),
    ),
    Job(
        "estimate",
        "what a build will take: calls, tokens, cost and time by stage, from a sample of the corpus",
        "persona_hub.pipelines.commands.estimate:estimate_build",
        (*BUILD, "sample", "estimate_n"),
        optional=("output",),
    ),
    Job(
        "status",
        "calls, tokens and cost by stage so far, of a job that runs anywhere or has ended",
        "persona_hub.pipelines.commands.status:show_status",
        ("output", "response_store", "watch"),
        runs_on_beam=False,
        optional=("output",),
    ),
    Job(
        "import-responses",
        "answers of a batch API -> response store",
        "persona_hub.pipelines.commands.import_responses:import_batch_answers",
        ("input", "output", "batch_model", "response_store", "price_file"),
        runs_on_beam=False,
        optional=("output",),
    ),
    Job(
        "launch",
        "starts a flex template on Dataflow; the flags of its job follow",
        "persona_hub.pipelines.cloud.launch:launch_template",
        LAUNCH,
    ),
    Job(
        "schedule create",
        "has Cloud Scheduler launch a flex template again and again; the flags of its job follow",
        "persona_hub.pipelines.cloud.schedule_create:create_schedule",
        ("name", "cron", "time_zone", "replace", "scheduler_account", *SCHEDULED, "scheduler_endpoint"),
        optional=("job",),
    ),
    Job(
        "schedule list",
        "schedules, when they ran and will run, and what they read",
        "persona_hub.pipelines.cloud.schedule_list:list_schedules",
        ("project", "region", "scheduler_endpoint"),
        runs_on_beam=False,
    ),
    Job(
        "schedule delete",
        "takes a schedule away; a job that it has started runs on",
        "persona_hub.pipelines.cloud.schedule_delete:delete_schedule",
        ("name", "project", "region", "scheduler_endpoint"),
        runs_on_beam=False,
    ),
]
JOB_BY_NAME = {job.name: job for job in JOBS}
