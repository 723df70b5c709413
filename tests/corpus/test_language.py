"""The language of real paragraphs, and of what has none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from persona_hub.transforms.corpus.language import detect_language


@pytest.mark.parametrize("code", ["ar", "de", "en", "es", "hi", "ru", "th", "zh"])
def test_real_paragraphs_are_named_right(data: Path, code: str) -> None:
    with gzip.open(data / f"web/multiling/xquad_contexts.{code}.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file][:60]
    assert sum(detect_language(text) == code for text in texts) >= 59


def test_examples_are_named_right(examples: Path) -> None:
    rows = [row for rows in json.loads((examples / "corpus_texts.json").read_text("utf-8")).values() for row in rows]
    rows = [row for row in rows if "language" in row]
    assert len(rows) > 40
    assert [row["id"] for row in rows if detect_language(row["text"]) != row["language"]] == []


@pytest.mark.parametrize("text", ["", "12345 67.8", "=====", "A C G T A C C", "x\0y", "{'a': [1, 2, 3]}", "😀😀😀"])
def test_what_says_nothing_is_undetermined(text: str) -> None:
    assert detect_language(text) == "und"


def test_languages_that_the_first_library_is_unsure_of() -> None:
    assert detect_language("Nilihitaji kwenda sokoni leo asubuhi kununua matunda na mboga kwa ajili ya familia") == "sw"
    assert detect_language("Namuhla ekuseni ngiye emakethe ngayothenga izithelo nemifino yomndeni wami") == "zu"


SENTENCES = {
    "en": "The harbour master reads the tide tables aloud every morning.",
    "de": "Der Hafenmeister liest jeden Morgen die Gezeitentafel laut vor.",
    "nl": "De havenmeester leest elke ochtend de getijdentabel hardop voor.",
    "fr": "Le capitaine du port lit chaque matin l'horaire des marées à voix haute.",
    "es": "El capitán del puerto lee cada mañana en voz alta la tabla de mareas.",
    "pt": "O capitão do porto lê todas as manhãs em voz alta a tabela das marés.",
    "it": "Il capitano del porto legge ogni mattina ad alta voce la tavola delle maree.",
    "pl": "Kapitan portu co rano czyta na głos tablicę pływów.",
    "cs": "Přístavní každé ráno nahlas předčítá tabulku přílivu a odlivu.",
    "sv": "Hamnkaptenen läser upp tidvattentabellen högt varje morgon.",
    "fi": "Satamakapteeni lukee joka aamu vuorovesitaulukon ääneen.",
    "hu": "A kikötőmester minden reggel hangosan felolvassa az árapálytáblázatot.",
    "ro": "Căpitanul portului citește în fiecare dimineață cu voce tare tabelul mareelor.",
    "tr": "Liman başkanı her sabah gelgit çizelgesini yüksek sesle okur.",
    "vi": "Mỗi sáng thuyền trưởng cảng đọc to bảng thủy triều.",
    "id": "Kepala pelabuhan membacakan tabel pasang surut dengan suara keras sebelum kapal berangkat.",
    "ru": "Начальник порта каждое утро читает вслух таблицу приливов.",
    "uk": "Начальник порту щоранку читає вголос таблицю припливів.",
    "el": "Ο λιμενάρχης διαβάζει κάθε πρωί δυνατά τον πίνακα της παλίρροιας.",
    "he": "מנהל הנמל קורא כל בוקר בקול את לוח הגאות והשפל.",
    "ar": "يقرأ مدير الميناء جدول المد والجزر بصوت عال كل صباح.",
    "fa": "رئیس بندر هر روز صبح جدول جزر و مد را با صدای بلند می‌خواند.",
    "hi": "बंदरगाह का प्रमुख हर सुबह ज्वार की तालिका ज़ोर से पढ़ता है।",
    "bn": "বন্দরের প্রধান প্রতিদিন সকালে জোয়ারের তালিকা জোরে পড়েন।",
    "th": "นายท่าอ่านตารางน้ำขึ้นน้ำลงออกเสียงทุกเช้า",
    "ja": "港長は毎朝、潮汐表を声に出して読み上げる。",
    "ko": "항만장은 매일 아침 조석표를 소리 내어 읽는다.",
    "zh": "港务长每天早上大声朗读潮汐表。",
    "no": "Havnesjefen leser tidevannstabellen høyt hver morgen.",  # which the model knows as nb and nn
}


@pytest.mark.parametrize("code", SENTENCES)
def test_one_sentence_is_enough(code: str) -> None:
    assert detect_language(SENTENCES[code]) == code


@pytest.mark.parametrize("code", ["en", "ru", "ar", "th", "zh"])
def test_markup_of_white_space_and_nul_does_not_matter(code: str) -> None:
    text = SENTENCES[code]
    assert detect_language(f"\0\n\n  {text}\t\n") == code
    assert detect_language(text.replace(" ", "\n")) == code


def test_the_beginning_decides() -> None:
    assert detect_language(SENTENCES["de"] * 9 + SENTENCES["ru"] * 50) == "de"


ARTICLE_1 = {  # of the Universal Declaration of Human Rights
    "ha": "Su dai 'yan-adam, ana haihuwarsu ne duka 'yantattu, kuma kowannensu na da mutunci da hakkoki daidai.",
    "ig": "A mụrụ mmadụ nile n'ohere nakwa nha anya ugwu na ikike. E nyere ha uche na mmụọ ime ihe ziri ezi.",
    "rw": "Abantu bose bavuka aliko bakwiye agaciro no kubahwa kimwe. Bose bavukana ubwenge n'umutima.",
    "ti": "ብመንፅር ክብርን መሰልን ኩሎም ሰባት እንትውለዱ ነፃን ማዕሪን እዮም፡፡ ምስትውዓልን ሕልናን ዝተዓደሎም ብምዃኖም",
    "am": "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው። የተፈጥሮ ማስተዋልና ሕሊና ስላለው",
    "om": "Namooti hundinuu birmaduu ta'anii mirgaa fi ulfinaanis wal-qixxee ta'anii dhalatan.",
    "wo": "Doomi aadama yépp danuy juddu, yam ci tawfeex ci sag ak sañ-sañ. Nekk na it ku xam dëgg te ànd na ak xelam.",
    "ln": "Bato nyonso na mbotama bazali nzomi pe bakokani na limemya pe makoki. Bazali na mayele pe basosoli.",
    "ak": "Wɔawo adesamma nyinaa sɛ nnipa a wɔwɔ ahofadi. Wɔn nyinaa wɔ nidi ne kyɛfa koro.",
    "sm": "O tagata soifua uma ua saoloto lo latou fananau mai, ma e tutusa o latou tulaga aloaia.",
    "mg": "Teraka afaka sy mitovy zo sy fahamendrehana ny olombelona rehetra. Samy manan-tsaina sy fieritreretana.",
    "yo": "Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba. Wọ́n ní ẹ̀bùn ti làákàyè àti ti ẹ̀rí-ọkàn.",
    "und": "Wodzi amegbetɔwo katã ablɔɖeviwoe eye wodzena bubu kple gomekpɔkpɔ sɔsɔe.",  # Ewe, which no library has
}


@pytest.mark.parametrize("code", ARTICLE_1)
def test_a_language_is_not_taken_for_another_one(code: str) -> None:
    assert detect_language(ARTICLE_1[code]) == code
