"""Languages that the encoder does not know are compared by words, in the same space."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from persona_hub.transforms.embedding.hashing import hashed
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.embedding.use.embedder import NUMBERS, UseEmbedder
from persona_hub.transforms.embedding.use.languages import ALIKE, ENCODED, TRAINED, is_encoded
from persona_hub.transforms.offline_model import answer

NOT_ITS_OWN = {
    "sv": "En sjuksköterska som arbetar natt på ett litet sjukhus och sjunger i kör på söndagarna",
    "no": "En sykepleier som jobber nattskift på et lite sykehus og synger i kor hver søndag",
    "fi": "Sairaanhoitaja, joka työskentelee öisin pienessä sairaalassa ja laulaa sunnuntaisin kuorossa",
    "ro": "O asistentă medicală care lucrează noaptea într-un spital mic și cântă duminica în cor",
    "cs": "Zdravotní sestra, která pracuje na noční směny v malé nemocnici a v neděli zpívá ve sboru",
    "hu": "Egy ápolónő, aki éjszakai műszakban dolgozik egy kis kórházban, és vasárnaponként énekel",
    "vi": "Một y tá làm ca đêm tại một bệnh viện nhỏ và hát trong dàn hợp xướng vào chủ nhật",
    "sw": "Muuguzi anayefanya kazi zamu za usiku katika hospitali ndogo na kuimba kwaya Jumapili",
    "uk": "Медсестра, яка працює в нічні зміни в маленькій лікарні та співає в хорі щонеділі",
    "fa": "پرستاری که در بیمارستانی کوچک شب‌کار است و یکشنبه‌ها در گروه کر می‌خواند",
    "ur": "ایک نرس جو ایک چھوٹے ہسپتال میں رات کی شفٹ میں کام کرتی ہے اور اتوار کو گاتی ہے",
    "el": "Μια νοσοκόμα που δουλεύει νύχτα σε ένα μικρό νοσοκομείο",
    "he": "אחות שעובדת במשמרות לילה בבית חולים קטן",
    "hi": "एक नर्स जो छोटे अस्पताल में रात की पाली में काम करती है",
    "ta": "ஒரு சிறிய மருத்துவமனையில் இரவு நேரத்தில் பணிபுரியும் செவிலியர்",
    "am": "በትንሽ ሆስፒታል ውስጥ በሌሊት የምትሠራ ነርስ",
    "ka": "ექთანი, რომელიც ღამით მუშაობს პატარა საავადმყოფოში",
}


@pytest.fixture(scope="module")
def embedder() -> UseEmbedder:
    opened = open_embedder(EmbedderConfig("use"))
    assert isinstance(opened, UseEmbedder)
    return opened


def test_the_encoders_languages_are_told_from_those_that_it_reads_by_their_kin() -> None:
    assert len(TRAINED) == 15  # of sixteen: Chinese is two of them
    assert not TRAINED & ALIKE
    assert ENCODED == TRAINED | ALIKE


@pytest.mark.parametrize("code", NOT_ITS_OWN)
def test_other_languages_get_a_vector_of_their_words(embedder: UseEmbedder, code: str) -> None:
    text = NOT_ITS_OWN[code]
    assert not is_encoded(text)
    assert embedder.embed([text]).tobytes() == hashed([text], NUMBERS).tobytes()


def test_texts_of_its_own_languages_and_of_none_are_encoded(embedder: UseEmbedder) -> None:
    for text in (
        "",
        "12345",
        "C++ 17",
        "Een verpleegster in Utrecht",
        "A fan of नर्स and Ελλάδα who sings",
        "보건 교사",
    ):
        assert is_encoded(text)
        assert embedder.embed([text]).tobytes() == embedder.encode([text]).tobytes()


def test_a_vector_of_words_is_far_from_all_of_the_encoders(embedder: UseEmbedder) -> None:
    english = ["A nurse who works night shifts", "A retired judge", "Someone who keeps bees in Norway and sings"]
    both = embedder.embed([*english, *NOT_ITS_OWN.values()])
    assert np.abs(both[: len(english)] @ both[len(english) :].T).max() < 0.3


def test_it_does_not_matter_which_languages_stand_beside_a_text(embedder: UseEmbedder) -> None:
    texts = ["A nurse in Leeds", *NOT_ITS_OWN.values(), "Ein Arzt in Graz", "A nurse in Leeds"]
    apart = np.concatenate([embedder.embed([text]) for text in texts])
    assert embedder.embed(texts).tobytes() == apart.tobytes()


def test_unlike_hindi_personas_of_the_examples_are_not_taken_for_one(embedder: UseEmbedder, examples: Path) -> None:
    letters = json.loads((examples / "corpus_texts.json").read_text("utf-8"))["letters"]
    documents = [row["text"] for row in letters if row.get("language") == "hi"]
    values = [
        {"text": text, "ask": ask, "language": "hi", "persona_language": "same"}
        for text in documents
        for ask in ("read", "write", "like", "dislike")
    ]
    found = [answer("extract_persona", each, number=number) for each in values for number in (0, 1)]
    texts = list(dict.fromkeys(json.loads(one)["persona"] for one in found))
    pairs = list(combinations(range(len(texts)), 2))

    def nearest(vectors: np.ndarray) -> float:
        return max(float(vectors[one] @ vectors[other]) for one, other in pairs)

    assert nearest(embedder.encode(texts)) > 0.95
    assert nearest(embedder.embed(texts)) < 0.9
