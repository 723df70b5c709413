"""What a text alone shows: a refusal, characters that nobody sees, too few or too many words, a loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from persona_hub.transforms.llm.forms import repeats_itself, words_of
from persona_hub.transforms.prompts.refusals import is_refusal
from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.rejection import RejectedSample
from persona_hub.transforms.synthesis.sample_fields import text_of

# C0 and C1 but for line end and tab, marks that turn the direction of writing, tags, halves of pairs, no characters.
UNSEEN = regex.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
LOOP_SHARE = 0.4  # of a text's word triples so few differ where a model is in a loop
SENTENCE = regex.compile(r"[^.!?。！？।؟\n]+")
SENTENCE_WORDS = 4  # of a sentence that may not come back: "Yes." may
REPEATED_SHARE = 0.3  # of a text, in sentences that stood before: above it a text is padded (Gopher has 0.2 to 0.3)
REPEATED_SENTENCES = 3  # and there are so many of them, so that a refrain is none


def no_control_characters(sample: Sample) -> Sample:
    """Rejects a sample with characters that steer a terminal or hide text."""
    for where, text in (("", sample.text), (" of the fields", sample.fields)):  # a program is in the fields alone
        if found := UNSEEN.search(text):
            place = f"U+{ord(found[0]):04X} at character {found.start() + 1}{where}"
            raise RejectedSample("control-characters", place)
    return sample


@dataclass(frozen=True)
class NoRefusal:
    """Rejects a sample of which the text, or one of these fields, begins like a refusal.

    `spoken`: it is what somebody says, who may be sorry, too.
    """

    fields: tuple[str, ...] = ()
    spoken: bool = False

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        texts = [text_of(sample, field) for field in self.fields] if sample.fields and self.fields else [sample.text]
        for text in texts:
            if is_refusal(text, self.spoken):
                raise RejectedSample("refusal", text)
        return sample


def no_repetition(sample: Sample) -> Sample:
    """Rejects a text that says the same over and over: in its words, or in whole sentences."""
    words = words_of(sample.text)
    if repeats_itself(words, LOOP_SHARE):
        raise RejectedSample("repeats-itself", "the same words over and over")
    counts = Counter(sentences_of(sample.text))
    again = {sentence: count - 1 for sentence, count in counts.items() if count > 1}
    repeated = sum(len(words_of(sentence)) * count for sentence, count in again.items())
    if sum(again.values()) >= REPEATED_SENTENCES and repeated > REPEATED_SHARE * len(words):
        worst = max(again, key=lambda sentence: (again[sentence], sentence))
        raise RejectedSample("repeats-itself", f"{again[worst] + 1} times: {worst}")
    return sample


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of a text that have some words."""
    for sentence in SENTENCE.findall(text):
        if len(words_of(sentence)) >= SENTENCE_WORDS:
            yield " ".join(sentence.casefold().split())


@dataclass(frozen=True)
class Length:
    """Rejects a sample whose text, or one field of it, has fewer or more words than these.

    Where no space parts words, a character is a word.
    """

    fewest: int
    most: int
    field: str = ""  # "": the whole text
    unit: str = "words"  # or "characters"

    def __call__(self, sample: Sample) -> Sample:
        """The sample. Raises RejectedSample."""
        text = text_of(sample, self.field) if self.field else sample.text
        count = len(words_of(text)) if self.unit == "words" else len(text)
        where = f"{self.field}: " if self.field else ""
        if count < self.fewest:
            raise RejectedSample("too-short", f"{where}{count} {self.unit}, where {self.fewest} are wanted")
        if count > self.most:
            raise RejectedSample("too-long", f"{where}{count} {self.unit}, where {self.most} may be")
        return sample
