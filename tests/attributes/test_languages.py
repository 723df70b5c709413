"""German, Spanish, French and Chinese personas; of other languages the country."""

from __future__ import annotations

import pytest

from persona_hub.transforms.attributes import (
    EDUCATIONS,
    LIFE_STAGES,
    SENIORITIES,
    UNSPECIFIED,
    TextAttributes,
    read_attributes,
)

READ = {
    "de": [
        ("Eine erfahrene finnische Pilotin, die gern malt", TextAttributes("3", "3153", "senior", country="FI")),
        ("Ein pensionierter Lehrer aus der Schweiz", TextAttributes("2", seniority="retired", country="CH")),
        ("Anna Vogt (34) arbeitet als Zahnärztin in Köln", TextAttributes("2", "2261", "", "adult", "DE")),
        ("Jemand, der als Klempner arbeitet", TextAttributes("7", "7126")),
        ("Ein Betonbaumaschinenfahrer", TextAttributes("8")),
        ("Ein in Wien lebender Pilot aus Irland", TextAttributes("3", "3153", country="AT")),
        ("Tom ist in Irland geboren und arbeitet in Wien als Pilot", TextAttributes("3", "3153", country="AT")),
        ("Nach dreißig Jahren als Pilot kennt Tom alle", TextAttributes("3", "3153", "senior")),
        ("Ein zwölfjähriges Mädchen", TextAttributes("", "", "", "child")),
        ("Ein Mann Mitte fünfzig", TextAttributes("", "", "", "adult")),
        ("Eine Agrarstudentin", TextAttributes("", "", "student", "young adult", "", "bachelor")),
        ("Ein Mädchen, dessen Vater Koch ist", TextAttributes()),
        ("Eine angehende Ärztin", TextAttributes()),
        ("Ein Mann, der einmal Pilot werden will", TextAttributes()),
    ],
    "es": [
        ("Una joven abogada chilena con un máster", TextAttributes("2", "2611", "", "young adult", "CL", "master")),
        ("Un agente de policía de Perú con 12 años de servicio", TextAttributes("5", "5412", "senior", "", "PE")),
        ("Lucía, de 70 años, trabaja como enfermera en París", TextAttributes("2", "2221", "", "older adult", "FR")),
        ("Soy piloto desde hace más de veinte años", TextAttributes("3", "3153", "senior")),
        ("Nació en Irlanda, vive en Francia y trabaja como piloto", TextAttributes("3", "3153", country="FR")),
        ("Un historiador de Francia", TextAttributes("2", "2633")),
        ("Una mujer cuyo hermano trabaja como cocinero", TextAttributes()),
        ("Un niño que quiere ser bombero", TextAttributes()),
    ],
    "fr": [
        ("Une infirmière chevronnée de Dakar, au Sénégal", TextAttributes("2", "2221", "senior", "", "SN")),
        ("Un boulanger de 45 ans qui vit aux États-Unis", TextAttributes("7", "7512", "", "adult", "US")),
        ("Un professeur d'université à la retraite", TextAttributes("2", "2310", "retired")),
        ("Je suis pilote depuis vingt ans", TextAttributes("3", "3153", "senior")),
        ("Né en Irlande, Tom vit à Montréal et travaille comme pilote", TextAttributes("3", "3153", country="CA")),
        ("Une lycéenne qui rêve de devenir actrice", TextAttributes("", "", "student", "teenager", "", "secondary")),
        ("Un homme dont la sœur est médecin", TextAttributes()),
        ("Un ancien avocat", TextAttributes()),
    ],
    "zh": [
        ("一位来自日本的资深律师，喜欢园艺", TextAttributes("2", "2611", "senior", "", "JP")),
        ("王伟今年四十五岁，在肯尼亚当护士", TextAttributes("2", "2221", "", "adult", "KE")),
        ("出生于爱尔兰，现在在加拿大当护士", TextAttributes("2", "2221", country="CA")),
        ("做了三十年护士的王伟", TextAttributes("2", "2221", "senior")),
        ("一个五十多岁的律师", TextAttributes("2", "2611", "", "adult")),
        ("一名有二十年经验的法国厨师", TextAttributes("5", "5120", "senior", "", "FR")),
        ("热爱画画的高中生", TextAttributes("", "", "student", "teenager", "", "secondary")),
        ("一个从事农民工作的人", TextAttributes("6")),
        ("梦想成为演员的女孩", TextAttributes()),
        ("一名教师的女儿", TextAttributes()),
        ("一位对法国历史感兴趣的画家", TextAttributes("2", "2651")),
    ],
    "nl": [("Een leraar uit België", TextAttributes(country="BE"))],
    "ja": [("フランス人の教師", TextAttributes(country="FR"))],
    "it": [("Un appassionato di Giappone", TextAttributes())],
    "xx": [("Zo", TextAttributes())],
}


@pytest.mark.parametrize(
    ("language", "text", "expected"), [(language, *row) for language, rows in READ.items() for row in rows]
)
def test_attributes_are_read_in_other_languages(language: str, text: str, expected: TextAttributes) -> None:
    said = TextAttributes(*(value or UNSPECIFIED for value in vars(expected).values()))
    assert read_attributes(text, language) == said


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "zh", "it", "ja", "", "?"])
@pytest.mark.parametrize(
    "text", ["", " ", "的", "是一位", "a", "A 999-year-old", "，。", "\x00", "İ" * 50, "x" * 100_000]
)
def test_any_text_has_attributes_of_the_fixed_sets(language: str, text: str) -> None:
    read = read_attributes(text, language)
    assert read.seniority in (*SENIORITIES, UNSPECIFIED)
    assert read.life_stage in (*LIFE_STAGES, UNSPECIFIED)
    assert read.education in (*EDUCATIONS, UNSPECIFIED)
