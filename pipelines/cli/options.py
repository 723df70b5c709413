"""Every flag, once: name, type, default, help; and which job takes which. No import of Beam: `--help` answers at once.

Flags that are not here go to Beam (`--runner`, `--direct_num_workers`, `--temp_location` ...).
"""

from __future__ import annotations

from persona_hub.pipelines.cli.flag import ANY, COUNT, LARGEST, POSITIVE, Flag, language_of_personas, number, truth
from persona_hub.pipelines.cli.launch_options import LAUNCH, SCHEDULE
from persona_hub.transforms.corpus.language_codes import SAME_LANGUAGE

GROUPS: dict[str, list[Flag]] = {
    "corpus": [
        Flag(
            "input",
            "files to read: paths, quoted globs or folders, local or gs://, s3://, hdfs://; commas set several apart; "
            "{date:%Y-%m-%d} is the day on which the job starts (UTC), {date-1d:%Y-%m-%d} the day before",
            required=True,
            many=True,
            paths=True,
            metavar="GLOB",
        ),
        Flag("output", "folder for hub, samples and dead letters, local or gs:// ...", required=True, metavar="DIR"),
        Flag(
            "format",
            "format of the corpus; auto tells it by name and content",
            "auto",
            choices=("auto", "text", "jsonl", "parquet", "avro", "wet", "warc", "html"),
        ),
        Flag(
            "text_field",
            "field of the text in JSON Lines, Parquet and Avro; default: raw_content, text or content",
            metavar="NAME",
        ),
        Flag("language", "read only documents in these languages (ISO 639-1)", many=True, metavar="CODE"),
        Flag("max_documents", "use at most N documents; 0: all", 0, COUNT, metavar="N"),
        Flag("min_characters", "skip documents shorter than this", 40, COUNT, metavar="N"),
        Flag("max_characters", "cut documents at a sentence before this", 6000, number(200, 1_000_000), metavar="N"),
    ],
    "language model": [
        Flag(
            "llm",
            "language model, BACKEND:MODEL; `offline` is rule based, free, and no model; export:PATH writes requests "
            "for half-price batch APIs",
            "offline",
            metavar="NAME",
        ),
        Flag(
            "batch_model",
            "model that will answer what --llm=export:PATH writes: openai:MODEL, gemini:MODEL or vertex:MODEL",
            metavar="NAME",
        ),
        Flag("llm_base_url", "address of a server for the backend", metavar="URL"),
        Flag(
            "llm_api_key_secret",
            "name of the key's secret in Google Secret Manager, which each worker reads; default: the key is in the "
            "environment",
            metavar="projects/P/secrets/S/versions/V",
        ),
        Flag(
            "vllm_args",
            "more arguments of `vllm serve` for --llm=vllm:MODEL, as one text: --vllm_args='--max-model-len 8192'",
            metavar="ARGS",
        ),
        Flag("prompt_dir", "folder with prompts of your own, by the names of transforms/prompts/*.txt", metavar="DIR"),
        Flag("max_in_flight", "calls under way at once in each process", 64, number(1, 4096), metavar="N"),
        Flag("max_tokens", "longest answer in tokens; default: as the step needs", None, POSITIVE, metavar="N"),
        Flag("temperature", "of the model's sampling; default: the model's own", None, number(0, 2, float)),
        Flag("top_p", "of the model's sampling; default: the model's own", None, number(0, 1, float)),
        Flag("seed", "of the model's sampling, where it has one", None, number(-LARGEST, LARGEST), metavar="N"),
    ],
    "spending": [
        Flag(
            "response_store",
            "where answers are kept, so that none is paid twice: sqlite:PATH, redis://HOST (rediss:// with TLS; "
            "REDIS_USERNAME and REDIS_PASSWORD from the environment, or ?password_secret=NAME out of Secret Manager), "
            "bigtable://PROJECT/INSTANCE/TABLE or none; default on one machine: sqlite:OUTPUT/responses.sqlite",
            metavar="ADDRESS",
        ),
        Flag(
            "response_store_sync",
            "what a store outlives: the end of a process, or the power's (half as fast; Redis: appendfsync always)",
            "process",
            choices=("process", "power"),
        ),
        Flag(
            "max_cost_usd",
            "the most that all runs on one response store may cost; then the hub is partial",
            0.0,
            number(0, ANY, float),
            metavar="X",
        ),
        Flag("max_calls", "the most calls of all runs on one response store; 0: no limit", 0, COUNT, metavar="N"),
        Flag("budget_tokens", "the most tokens, in and out, of all these runs; 0: no limit", 0, COUNT, metavar="N"),
        Flag(
            "budget_shares",
            "parts of the budget that stages keep from those before them: STAGE=PART, or none; default: as estimated",
            many=True,
            metavar="STAGE=PART",
        ),
        Flag("requests_per_minute", "calls a minute of the whole job; 0: no limit", 0, COUNT, metavar="N"),
        Flag("tokens_per_minute", "tokens a minute of the whole job; 0: no limit", 0, COUNT, metavar="N"),
        Flag(
            "rate_limiter",
            "an Envoy rate limit service that knows the calls and tokens a minute of many jobs, in place of these two",
            metavar="envoy://HOST:PORT/DOMAIN",
        ),
        Flag(
            "rate_limit_descriptor",
            "entries by which that service finds our limit; unit=requests or unit=tokens comes after them",
            many=True,
            metavar="KEY=VALUE",
        ),
        Flag("price_file", "prices of models (YAML), before those of transforms/llm/prices.yaml", metavar="FILE"),
        Flag(
            "retry_malformed",
            "how often an answer that cannot be read is asked for again; a higher number than an earlier run's also "
            "takes up what that one gave up",
            1,
            number(0, 10),
            metavar="N",
        ),
        Flag("call_timeout", "seconds that a call may take", 120.0, number(0.1, 3600, float), metavar="SECONDS"),
        Flag("call_attempts", "calls for one request, where a retry can help", 8, number(1, 100), metavar="N"),
    ],
    "looking": [
        Flag("sample", "documents to look at", 200, POSITIVE, metavar="N"),
        Flag(
            "estimate_n",
            "documents to send to the model, and to reckon from; 0: none; default: 200 where --output or "
            "--response_store is named, so that the build need not buy their answers again",
            None,
            COUNT,
            metavar="N",
        ),
        Flag("preview_n", "documents to send", 5, number(1, 1000), metavar="N"),
        Flag("watch", "look again every SECONDS", 0.0, number(0, 3600, float), metavar="SECONDS", alone=5.0),
    ],
    "personas": [
        Flag("personas_per_document", "personas asked for of each document", 1, number(1, 100), metavar="N"),
        Flag(
            "persona_language",
            "language of personas: `same` as the document, or a code",
            SAME_LANGUAGE,
            language_of_personas,
            metavar="CODE",
        ),
        Flag("expand_hops", "how many relations to follow from each persona", 6, number(0, 6), metavar="N"),
        Flag("expand_per_persona", "relations asked for of each persona and hop", 1, number(1, 100), metavar="N"),
        Flag(
            "stop_below_novelty",
            "end the expansion after a hop that brings fewer new personas than this for each answer; 0: never",
            0.0,
            number(0, 1, float),
        ),
        Flag(
            "pii",
            "contact data and names of people: scrub them, drop the persona, or keep them",
            "scrub",
            choices=("scrub", "drop", "keep"),
        ),
    ],
    "duplicates": [
        Flag(
            "minhash_threshold",
            "Jaccard similarity of words at which personas are duplicates; 1.0: only equal sets of words",
            0.9,
            number(0.5, 1.0, float),
        ),
        Flag(
            "bucket_keys",
            "how candidates are found: MinHash bands, or exact partitions (thresholds from 0.8)",
            "minhash",
            choices=("minhash", "partition"),
        ),
        Flag(
            "embedder",
            "text embedder: savedmodel:PATH, openai:MODEL, gemini:MODEL or vertex:MODEL (paid); `offline` hashes words "
            "and characters",
            "offline",
            metavar="NAME",
        ),
        Flag(
            "embedder_api_key_secret",
            "name of the embedder's key in Google Secret Manager; default: the key is in the environment",
            metavar="projects/P/secrets/S/versions/V",
        ),
        Flag("embedder_base_url", "address of a server for a paid embedder", metavar="URL"),
        Flag("embedding_dimensions", "numbers in a vector; 0: as the model has it", 0, COUNT, metavar="N"),
        Flag("embedding_batch", "texts in a call to a paid embedder; 0: as its API takes", 0, COUNT, metavar="N"),
        Flag("embedder_requests_per_minute", "calls a minute to a paid embedder; 0: no limit", 0, COUNT, metavar="N"),
        Flag("embedder_tokens_per_minute", "tokens a minute to a paid embedder; 0: no limit", 0, COUNT, metavar="N"),
        Flag(
            "embedding_threshold",
            "cosine similarity at which personas are duplicates; 1.0: step off",
            0.9,
            number(0.5, 1.0, float),
        ),
        Flag("against", "a hub whose personas are there already and win", metavar="HUB"),
    ],
    "samples": [
        Flag(
            "use_case",
            "math, logical_reasoning, instruction, knowledge_text, game_npc, tool, all, or FILE.yaml of your own",
            many=True,
            metavar="NAME",
        ),
        Flag("samples_per_persona", "samples of each use case for each persona", 1, number(1, 1000), metavar="N"),
        Flag("max_samples", "at most N samples of each use case; 0: all", 0, COUNT, metavar="N"),
        Flag("examples", "JSON Lines with samples to show the model (few-shot)", metavar="FILE"),
    ],
    "hub": [
        Flag("hub", "folder of a hub: what `build` was given as --output", required=True, metavar="DIR"),
        Flag(
            "version", "version of the hub; default: for diff the current one, else the one before it", metavar="NAME"
        ),
        Flag("since", "version to compare with; default: the one before", metavar="NAME"),
        Flag(
            "source",
            "address or id of a document, as the hub's table of documents has it; given once for each",
            required=True,
            many=True,
            paths=True,
            metavar="URL_OR_ID",
        ),
        Flag(
            "purge",
            "erase the text too, from all versions, samples, dead letters, exports and response stores; this cannot be "
            "undone. Of sources that are taken down already, too",
            False,
            truth,
            metavar="BOOL",
            alone=True,
        ),
        Flag("keep", "keep the latest N versions; 0: all that the current one came from", 0, COUNT, metavar="N"),
        Flag(
            "older_than_hours",
            "leave what has changed since, which may belong to a job that runs",
            24.0,
            number(0, ANY, float),
            metavar="X",
        ),
        Flag("dry_run", "only say what would be done", False, truth, metavar="BOOL", alone=True),
        Flag("export_format", "formats to write", ["jsonl"], many=True, choices=("jsonl", "parquet")),
        Flag("export_output", "folder for the exported files; default: HUB/export/VERSION", metavar="DIR"),
    ],
    "Dataflow": LAUNCH,
    "schedule": SCHEDULE,
    "run": [
        Flag("partitions", "parts that a shuffle is cut into; 0: by the size of the input", 0, COUNT, metavar="N"),
    ],
}
BY_NAME = {flag.name: flag for flags in GROUPS.values() for flag in flags}
SPELLED = {  # two flags of one spelling in different jobs
    "export_format": "format",
    "export_output": "output",
    "estimate_n": "n",
    "preview_n": "n",
}
