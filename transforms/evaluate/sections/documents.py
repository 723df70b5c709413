"""Personas against their documents: by words and by vectors, each beside the same with another document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.evaluate.documents import FirstPersona, one_of_each
from persona_hub.transforms.evaluate.sampled import stored_vectors
from persona_hub.transforms.evaluate.sections.samples import embedded_texts
from persona_hub.transforms.evaluation.fidelity.by_vectors import row_cosines
from persona_hub.transforms.evaluation.fidelity.words_found import next_of_group, words_found
from persona_hub.transforms.evaluation.figures import Figure, clipped, share
from persona_hub.transforms.evaluation.group_means import GroupMeans
from persona_hub.transforms.evaluation.hash_sample import HashSample, row_keys
from persona_hub.transforms.judging.grounding import GROUNDINGS
from persona_hub.transforms.reasons import unanswered

NOT_READ, NOT_ANSWERED = "unreadable", "unanswered"  # answers, and questions that the same command asks again
EMBEDDED = 500  # documents: at 20 ms of CPU each, the most that is not noticed beside the rest
WORD_COLUMNS = ("words_in_own_document", "words_in_another_document")
COSINE_COLUMNS = ("cosine_to_own_document", "cosine_to_another_document")


@dataclass(frozen=True)
class DocumentsTold:
    """What documents say of the personas that were made of them."""

    figures: Mapping[str, Figure]
    sought: Mapping[str, Figure]  # documents: of sampled personas, found, lacking

    @property
    def lacking(self) -> int:
        """Documents that the hub names and the corpus has not."""
        return int(self.sought["lacking"].value)

    @property
    def named(self) -> int:
        """Documents that it names."""
        return self.sought["lacking"].n


def told_of_documents(
    sample: HashSample, documents: Mapping[str, str], embedder: EmbedderConfig | None
) -> DocumentsTold:
    """The figures of a sample of personas, of each document one; `embedder` made their vectors, None: not here."""
    named = len({one.document_id for one in sample.payloads})
    people = [one for _, one in one_of_each(sample, documents)]
    sought = {"of_personas": named, "found": len(people), "lacking": named - len(people)}
    figures = {**by_words(people, documents), **(by_vectors(people, documents, embedder) if embedder else {})}
    return DocumentsTold(figures if people else {}, {name: Figure(n, n=named) for name, n in sought.items()})


def by_words(people: list[FirstPersona], documents: Mapping[str, str]) -> dict[str, Figure]:
    """The share of a persona's content words that its document has, and another one of its language."""
    keys = row_keys([one.document_id for one in people])
    texts = [documents[one.document_id] for one in people]
    found = words_found([one.text for one in people], texts, [one.language for one in people])
    means = GroupMeans.of(*WORD_COLUMNS).add(keys, found)
    return {name: clipped(figure, 0.0, 1.0) for name, figure in means.figures.items()}


def by_vectors(people: list[FirstPersona], documents: Mapping[str, str], embedder: EmbedderConfig) -> dict[str, Figure]:
    """The cosine of a persona and its document, and another one of its language."""
    some = [one for one in people if one.vector][:EMBEDDED]
    if not some:
        return {}
    own = stored_vectors([one.vector for one in some])
    read = embedded_texts([documents[one.document_id] for one in some], embedder)
    partner = next_of_group([one.language for one in some])
    other = np.where(partner == np.arange(len(some)), np.nan, row_cosines(own, read[partner]))
    keys = row_keys([one.document_id for one in some])
    return dict(GroupMeans.of(*COSINE_COLUMNS).add(keys, np.stack([row_cosines(own, read), other], axis=1)).figures)


def told_of_judge(verdicts: Mapping[str, int] | None, lost: Mapping[str, int]) -> dict[str, Any]:
    """What a judge found: shares of verdicts, answers that cannot be read, questions that are open.

    Nothing where none was asked (`verdicts` is None). `lost`: questions by why they have no answer.
    """
    if verdicts is None:
        return {}
    n = sum(verdicts.values())
    unreadable = sum(number for reason, number in lost.items() if not unanswered(reason))
    asked = n + sum(lost.values())
    figures = {
        **{name: share(verdicts.get(name, 0), n) for name in GROUNDINGS},
        NOT_READ: Figure(unreadable, n=asked),
        NOT_ANSWERED: Figure(asked - n - unreadable, n=asked),
    }
    rows = [{"reason": reason, "questions": number} for reason, number in sorted(lost.items())]
    return {"judged": figures, "judged_without_answer": rows}
