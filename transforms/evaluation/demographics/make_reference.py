"""Makes tables/*.csv, the populations that the shares of a hub are compared with, from their sources.

    python -m persona_hub.transforms.evaluation.demographics.make_reference REFERENCE

REFERENCE holds un_wpp2019_population_2020_by_age_sex.csv, world_bank_population_by_country.csv, country-codes.csv,
cldr_territoryInfo.json and ilo_isco08_employment_shares_world_regions.csv. A table keeps what a comparison needs: the
area, the value of the attribute, and how many there are. Its header names source, year and licence, and what was done.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pycld2

WORLD = "world"
TABLES = Path(__file__).with_name("tables")
# UN age bands of five years within life stages; 10 to 14 is parted as if the five years had equally many.
STAGE_SHARES = (
    ("child", 0, 13),
    ("teenager", 13, 20),
    ("young adult", 20, 30),
    ("adult", 30, 65),
    ("older adult", 65, 121),
)
BAND_YEARS = 5
LEAST_SPEAKERS = 1_000_000
# Languages that a detector of written language cannot tell from their standard form: ISO 639-3's macrolanguages Arabic
# and Chinese, Bokmål, Filipino. Who uses both in one territory is counted once, so the larger count stands.
ARABIC = "aao abh acm acq acw acx adf aeb aec afb apc apd ajp ars ary arz arq auz ayh ayl ayn ayp"
CHINESE = "cdo cjy cmn cpx czh czo gan hak hsn mnp nan wuu yue"
WRITTEN_AS = {
    **dict.fromkeys(ARABIC.split(), "ar"),
    **dict.fromkeys(CHINESE.split(), "zh"),
    "nb": "no",
    "fil": "tl",
}
TableRow = tuple[str, str, str, int]  # area, attribute, value, how many


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def years_in(band: str, first: int, end: int) -> int:
    """How many years of a band such as "10-14" or "100+" lie from `first` to before `end`."""
    start = int(band.removesuffix("+").split("-")[0])
    return max(0, min(end, start + BAND_YEARS) - max(first, start))


def ages_and_sexes(folder: Path) -> Iterator[TableRow]:
    """Persons by life stage and by sex, of the world and of each country (the source has thousands)."""
    alpha = {
        str(int(row["M49"])): row["ISO3166-1-Alpha-2"] for row in csv_rows(folder / "country-codes.csv") if row["M49"]
    }
    people: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for row in csv_rows(folder / "un_wpp2019_population_2020_by_age_sex.csv"):
        area = WORLD if row["un_code"] == "900" else alpha.get(row["un_code"], "")
        men, women = (1000 * float(row[f"{sex}_2020_thousands"]) for sex in ("male", "female"))
        people[area]["sex", "male"] += men
        people[area]["sex", "female"] += women
        for stage, first, end in STAGE_SHARES:
            part = years_in(row["age_band"], first, end) / BAND_YEARS
            people[area]["life_stage", stage] += part * (men + women)
    people.pop("", None)  # regions
    for area in sorted(people, key=lambda area: (area != WORLD, area)):
        for (attribute, value), count in people[area].items():
            yield area, attribute, value, round(count)


def countries(folder: Path) -> Iterator[TableRow]:
    """Persons by country in the last year of the World Bank; those that it lacks by the UN's count."""
    codes = csv_rows(folder / "country-codes.csv")
    alpha = {row["ISO3166-1-Alpha-3"]: row["ISO3166-1-Alpha-2"] for row in codes} | {"XKX": "XK"}
    bank = csv_rows(folder / "world_bank_population_by_country.csv")
    last = max(int(row["Year"]) for row in bank)
    found = {
        alpha[row["Country Code"]]: round(float(row["Value"]))
        for row in bank
        if int(row["Year"]) == last and row["Country Code"] in alpha
    }
    people: dict[str, int] = defaultdict(int)
    for area, attribute, _, count in ages_and_sexes(folder):
        people[area] += count * (attribute == "sex")
    found |= {code: people[code] for code in people if code not in found and code != WORLD}
    yield from ((WORLD, "country", code, found[code]) for code in sorted(found, key=lambda code: (-found[code], code)))


def speakers(folder: Path) -> Iterator[TableRow]:
    """Persons who use a language, first or second, as far as detectors can tell it and a million use it."""
    names = set(pycld2.DETECTED_LANGUAGES)
    known = {code for name, code in pycld2.LANGUAGES if name in names}
    territories: Mapping[str, Any] = json.loads((folder / "cldr_territoryInfo.json").read_text("utf-8"))[
        "supplemental"
    ]["territoryInfo"]
    people: dict[str, float] = defaultdict(float)
    for territory in territories.values():
        percents: dict[str, float] = defaultdict(float)
        by_script: dict[str, float] = defaultdict(float)
        for locale, use in territory.get("languagePopulation", {}).items():
            by_script[locale.split("_")[0]] += float(use["_populationPercent"])
        for code, percent in by_script.items():
            written = WRITTEN_AS.get(code, code)
            percents[written] = max(percents[written], min(percent, 100.0))
        for code, percent in percents.items():
            people[code] += percent / 100 * float(territory["_population"])
    kept = {code: round(count) for code, count in people.items() if count >= LEAST_SPEAKERS and code in known}
    yield from ((WORLD, "language", code, kept[code]) for code in sorted(kept, key=lambda code: (-kept[code], code)))


def employment(folder: Path) -> Iterator[TableRow]:
    """Employed persons by major group of ISCO-08; the source's percents, which add up to 100 to 102, made to add up."""
    codes = csv_rows(folder / "country-codes.csv")
    alpha = {row["ISO3166-1-Alpha-3"]: row["ISO3166-1-Alpha-2"] for row in codes} | {"WLD": WORLD}
    for row in csv_rows(folder / "ilo_isco08_employment_shares_world_regions.csv"):
        percents = {
            name[4]: float(value) for name, value in row.items() if name.startswith("isco") and name[4].isdigit()
        }
        for group, percent in percents.items():
            count = round(int(row["employed_total"]) * percent / sum(percents.values()))
            yield alpha.get(row["code"], row["code"]), "occupation", group, count


HEADERS: Mapping[str, tuple[str, ...]] = {
    "ages_and_sexes": (
        "source: United Nations, Department of Economic and Social Affairs, World Population Prospects 2019, "
        "as in the R package wpp2019",
        "year: 2020",
        "licence: CC BY 3.0 IGO",
        "persons by life stage and by sex; bands of five years are parted evenly where a stage ends within one",
    ),
    "countries": (
        "source: World Bank, World Development Indicators, SP.POP.TOTL",
        "year: 2024",
        "licence: CC BY 4.0",
        "persons by country, ISO 3166; what the World Bank lacks (TW, RE, GP, MQ, GF, YT, EH) from UN World Population "
        "Prospects 2019, of 2020 (CC BY 3.0 IGO)",
    ),
    "speakers": (
        "source: Unicode CLDR 47, territoryInfo",
        "year: 2025",
        "licence: Unicode-3.0",
        "persons who use a language, first or second, so one person counts for several; of languages with a million "
        "users that detectors tell; dialects within their written form",
    ),
    "employment": (
        "source: ILO, ILOSTAT, employment by occupation; its shares from a third party's table, copied by hand",
        "year: 2013 to 2026, each country's last",
        "licence: CC BY 4.0",
        "employed persons by major group of ISCO-08 without 0, armed forces; shares made to add up to 1; the world and "
        "East Asia (EAS) lack China: 77% of the world's employment is in it, so its shares may be some points off",
    ),
}


def lines(name: str, rows: Iterable[TableRow]) -> Iterator[str]:
    """The lines of a table: its header in comments, the names of the columns, rows."""
    yield from (f"# {line}\n" for line in HEADERS[name])
    yield "area,attribute,value,count\n"
    yield from (",".join(map(str, row)) + "\n" for row in rows)


MADE = {"ages_and_sexes": ages_and_sexes, "countries": countries, "speakers": speakers, "employment": employment}


def write_tables(argv: Sequence[str]) -> None:
    """Writes the tables beside this module."""
    for name, make in MADE.items():
        (TABLES / f"{name}.csv").write_text("".join(lines(name, make(Path(argv[0])))), "utf-8")


if __name__ == "__main__":
    write_tables(sys.argv[1:])
