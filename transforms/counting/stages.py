"""Names of the stages: under them stand a step's counts in the manifest, its dead letters, its spend and its counters.

They are persisted: a manifest, a response store and a budget's shares name them.
"""

from __future__ import annotations

READ_CORPUS = "read_corpus"
READ_PERSONAS = "read_personas"  # those that a user brought
LEFT_OUT = "left_out"  # {why and column: values of their rows that are not kept}
EXTRACT_PERSONA = "extract_persona"
FILTER_PERSONA = "filter_persona"
EXPAND_PERSONA = "expand_persona"
NEAR_DUPLICATES = "expand_persona.near_duplicates"  # the pass between two hops
UNIQUE_PERSONAS = "unique_personas"
MINHASH_DEDUP = "minhash_dedup"
EMBED_DEDUP = "embed_dedup"
CLUSTER_PERSONAS = "cluster_personas"
ASK_ATTRIBUTES = "ask_attributes"
READ_ROWS = "read_rows"  # of `dedup`
PART_ROWS = "part_rows"
SYNTHESIZE = "synthesize"  # with the name of a use case: "synthesize_math"
CHECK = "check"  # likewise: samples, accepted, rejected-<reason>
VERIFY = "verify"  # likewise: questions to a model that solves what a sample states
JUDGE = "judge"  # likewise: questions to a judge
ARM = "arm"  # likewise, of an arm of `ablate`: candidates, accepted, rejected-<reason>, judged, gold-<verdicts>
JUDGE_DOCUMENTS = "judge_documents"  # personas against the documents that they were made of, of `evaluate`
COMPARE = "compare_samples"  # pairs of samples, in both orders
TAKE_DOWN = "take_down"
READ_HUB = "read_hub"
COMPACT = "compact"
PURGE = "purge"  # {kind: records erased of a manifest's own files}
WRITE_HUB = "write_hub"  # what was written, by kind
NOVELTY = "novelty"
LOST_FILES = "lost_files"  # not in a manifest's counts, but beside them
HIDDEN = "hidden"  # records of earlier versions that tombstones hide from readers of this one, by kind


def synthesize_stage(use_case: str) -> str:
    """The stage of one use case.

    >>> synthesize_stage("math")
    'synthesize_math'
    """
    return f"{SYNTHESIZE}_{use_case}"


def check_stage(use_case: str) -> str:
    """The stage of the checks of one use case's samples.

    >>> check_stage("math")
    'check_math'
    """
    return f"{CHECK}_{use_case}"


def verify_stage(use_case: str) -> str:
    """The stage that solves one use case's samples.

    >>> verify_stage("math")
    'verify_math'
    """
    return f"{VERIFY}_{use_case}"


def judge_stage(use_case: str) -> str:
    """The stage that judges one use case's samples.

    >>> judge_stage("math")
    'judge_math'
    """
    return f"{JUDGE}_{use_case}"


def arm_stage(use_case: str) -> str:
    """The stage of one arm of an experiment, by the use case that its samples name.

    >>> arm_stage("math_few")
    'arm_math_few'
    """
    return f"{ARM}_{use_case}"
