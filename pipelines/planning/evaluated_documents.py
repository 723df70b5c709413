"""What an evaluation reads of the corpus of a hub, and who judges personas by their documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from persona_hub.pipelines.cli.command_options import EvaluateOptions, SynthesizeOptions
from persona_hub.pipelines.cli.corpus_options import CorpusOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.model_options import CallingOptions
from persona_hub.pipelines.cli.option import options_of, recorded_value
from persona_hub.pipelines.planning.models import HERE, chosen_sampling, model_of, model_price
from persona_hub.pipelines.planning.samples.judges import DECISIVE, JUDGE_FLAG, judge_options
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.counting.stages import JUDGE_DOCUMENTS
from persona_hub.transforms.evaluate.documents import GroundingJudge
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.judging.families import told_families
from persona_hub.transforms.judging.grounding import GroundingTask, grounding_prompt
from persona_hub.transforms.judging.judge_task import JUDGE_SAMPLING
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.read_corpus.read_corpus import Limits, ReadCorpus
from persona_hub.transforms.store.registry import NO_STORE
from persona_hub.transforms.store.usage import usage_of

AS_BUILT = ("text_field", "min_characters", "max_characters")  # taken from the hub where they are not given
OF_CORPUS = ("format", "zstd_window_mb", *AS_BUILT)
CHARACTERS_PER_TOKEN, PROMPT_TOKENS = 3, 500  # at least, at most: what a judge is told beside the document


@dataclass(frozen=True)
class ComparedDocuments:
    """The corpus, and who judges."""

    corpus: ReadCorpus | None = None
    judge: GroundingJudge | None = None
    price: Price | None = None  # of the judge; None: not known
    remark: str = ""  # on the judge's family
    identity: Any = None  # of what decides what they say


NOTHING_COMPARED = ComparedDocuments()


def documents_of(options: EvaluateOptions, hub: Hub, where: Where = HERE) -> ComparedDocuments:
    """What is read and asked. Raises UsageErrors, CorpusErrors and PromptErrors that name the flag and the remedy."""
    if not options.input:
        for name in (*OF_CORPUS, "judge", "judged"):
            if name in options.given:
                raise UsageError(f"--{name}: is about the hub's documents; name the corpus of these by --input")
        return NOTHING_COMPARED
    if not options.judge and "judged" in options.given:
        raise UsageError("--judged: says how many a judge is asked about; name it with --judge MODEL")
    corpus = corpus_of(as_built(options, hub))
    files = [[file.path, file.size] for file in corpus.files]
    read = [corpus.text_field, corpus.min_characters, corpus.max_characters, options.format]
    if not options.judge:
        return ComparedDocuments(corpus, identity=[files, read])
    own = own_options(options)
    judge = judge_of_documents(own, where, options.judged)
    told = [judge.model.name, judge.task.prompt.prompt_hash, judge.personas]
    decisive = {name: getattr(own, name) for name in DECISIVE if name in own.given}
    remark = told_families(judge.model.name, hub.manifest.models.get("llm", ""), "personas")
    return ComparedDocuments(corpus, judge, model_price(own), remark, [files, read, told, decisive])


def as_built(options: EvaluateOptions, hub: Hub) -> EvaluateOptions:
    """The options with those of the hub's build that decide what the text, and so the id, of a document is."""
    known = options_of(CorpusOptions)
    found = {}
    for name in AS_BUILT:
        if name not in options.given and name in hub.manifest.parameters:
            try:
                found[name] = recorded_value(known[name], hub.manifest.parameters[name])
            except ValueError as error:
                raise UsageError(f"--{name}: the hub's manifest has a wrong value, which {error}; give it") from None
    return replace(options, **found)


def corpus_of(options: EvaluateOptions) -> ReadCorpus:
    """The step that reads the corpus."""
    return ReadCorpus(
        files=match_corpus(options.input, "warc" if options.format == "wet" else options.format),
        text_field=options.text_field,
        min_characters=options.min_characters,
        max_characters=options.max_characters,
        limits=Limits(zstd_window_mb=options.zstd_window_mb),
    )


def own_options(options: EvaluateOptions) -> SynthesizeOptions:
    """What is said of the judge, as the options of a language model. Raises InvalidInputError."""
    names = [*options_of(CallingOptions), "judge", "prompt_dir", "retry_malformed"]
    same = {name: getattr(options, name) for name in names}
    return judge_options(SynthesizeOptions(hub=options.hub, **same))  # type: ignore[return-value]


def judge_of_documents(own: SynthesizeOptions, where: Where, personas: int) -> GroundingJudge:
    """The judge; its answers are kept in the report's folder unless a store is named."""
    try:
        model = model_of(own, where)
    except UsageError as error:
        raise UsageError(f"{JUDGE_FLAG} {own.judge}: {error}") from error
    task = GroundingTask(grounding_prompt(own.prompt_dir), chosen_sampling(own, JUDGE_SAMPLING))
    return GroundingJudge(replace(model, flag=JUDGE_FLAG), task, personas)


def told_calls(compared: ComparedDocuments) -> str:
    """How much a judge is asked at most, in a sentence; "" without one."""
    judge, corpus = compared.judge, compared.corpus
    if not judge or not corpus:
        return ""
    asked = judge.personas * (PROMPT_TOKENS + corpus.max_characters // CHARACTERS_PER_TOKEN)
    answered = judge.personas * judge.task.sampling.max_tokens
    cost = f", ${compared.price.of(asked, answered):,.2f}" if compared.price else ", at a price that is not known"
    tokens = f"{asked:,} tokens in and {answered:,} out"
    return f"judge {judge.model.name}: at most {judge.personas:,} questions, {tokens}{cost}"


def told_judge(documents: ComparedDocuments) -> dict[str, Any]:
    """Who judged, and what all its calls so far took; no cost where no price is known."""
    judge = documents.judge
    if not judge:
        return {}
    told: dict[str, Any] = {"judge": judge.model.name, "judge_remark": documents.remark}
    if judge.model.store not in ("", NO_STORE):
        row = usage_of(judge.model.store, documents.price is not None).get(JUDGE_DOCUMENTS, {})
        told["judge_cost"] = [{"stage": JUDGE_DOCUMENTS, **row}]
    return told
