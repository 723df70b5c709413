"""Makes titles.txt.gz, the titles of occupations with their ISCO-08 groups, from the tables of ESCO and O*NET.

    python -m persona_hub.transforms.attributes.make_titles REFERENCE

REFERENCE holds esco_occupations_en.csv (ESCO's preferred labels with ISCO-08 unit groups), onet_alternate_titles.txt.gz
and onet_occupation_data.csv (O*NET's titles by SOC), and soc_isco08_crosswalk.csv. ESCO says the unit group itself.
O*NET's titles go by SOC, whose crosswalk names several groups for most and disagrees with ESCO on half of the units. So
the labels that both tables know vote for each SOC, and a title is taken as far as the votes agree: left out below
MAJOR_SHARE of one major group, without a unit below UNIT_SHARE of one unit that the crosswalk names, too. Left out as
well: a title whose ending says the same ("licensed practical nurse" by "practical nurse"), and one of O*NET with an
ending that the others know.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from persona_hub.transforms.attributes.lexicon import titles_by_hand, word_list

MAJOR_SHARE, UNIT_SHARE, LEAST_VOTES = 0.9, 0.8, 1.5
LONGEST_TITLE = 5
IN_BRACKETS = re.compile(r"\s*\([^)]*\)?")
TITLE = re.compile(r"[a-z][a-z&'+#. ]*[a-z+#]")
# Words that say a rank and no occupation.
RANKS = frozenset(
    word_list("senior junior lead chief principal head experienced assistant associate deputy certified trainee")
)
# Heads that say no occupation, or another one than their title does in a sentence.
NO_HEADS = frozenset(
    word_list(
        "member resident student intern volunteer trainee apprentice fellow candidate owner president chief head "
        "professional expert specialist helper partner person personnel staff crew team lead leader aide associate hand"
    )
)
ONE_WORD = re.compile(r"\w{3,}(ist|ician|wright|smith|monger|maker|keeper|grapher|ologer)")


def normalised(title: str) -> str:
    """A title as texts are compared: small letters, hyphens as spaces, no brackets; "" for what is no plain phrase."""
    title = " ".join(IN_BRACKETS.sub("", title.lower()).replace("-", " ").replace("’", "'").split())
    return title if TITLE.fullmatch(title) and len(title.split()) <= LONGEST_TITLE else ""


def singular(title: str) -> str:
    """One of a plural: "chief executive" of "chief executives"; "" of a list of occupations."""
    if re.search(r",| and | or |\ball other\b", title):
        return ""
    return re.sub("(?<=[^s])s$", "", re.sub("ies$", "y", re.sub("men$", "man", title)))


def esco(folder: Path) -> dict[str, str]:
    """Unit groups of ESCO's labels."""
    with (folder / "esco_occupations_en.csv").open(encoding="utf-8", newline="") as file:
        rows = [(normalised(row["title"]), row["isco_code"]) for row in csv.DictReader(file)]
    return {title: code for title, code in rows if title and re.fullmatch(r"\d{4}", code)}


def onet(folder: Path) -> dict[str, set[str]]:
    """SOC codes (of six digits) of O*NET's titles."""
    found: dict[str, set[str]] = defaultdict(set)
    with gzip.open(folder / "onet_alternate_titles.txt.gz", "rt", encoding="utf-8") as file:
        for row in list(file)[1:]:
            code, title = row.split("\t")[:2]
            found[normalised(title)].add(code[:7])
    with (folder / "onet_occupation_data.csv").open(encoding="utf-8", newline="") as rows:
        for line in csv.DictReader(rows):
            found[singular(normalised(line["Title"]))].add(line["O*NET-SOC Code"][:7])
    found.pop("", None)
    return found


def crosswalk(folder: Path) -> dict[str, set[str]]:
    """ISCO-08 unit groups that the crosswalk names for each SOC."""
    found: dict[str, set[str]] = defaultdict(set)
    with (folder / "soc_isco08_crosswalk.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["soc_code"]].add(row["isco08_code"])
    return found


def by_votes(known: dict[str, str], titles: dict[str, set[str]], named: dict[str, set[str]]) -> dict[str, str]:
    """The group of each SOC on which the titles that are known agree: four digits, one, or absent."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for title, socs in titles.items():
        if title in known:
            for soc in socs:
                votes[soc][known[title]] += 1 / len(socs)  # type: ignore[assignment]
    groups = {}
    for soc, counts in votes.items():
        whole = sum(counts.values())
        majors: Counter[str] = Counter()
        for unit, share in counts.items():
            majors[unit[0]] += share
        (unit, most), (major, of_major) = counts.most_common(1)[0], majors.most_common(1)[0]
        if whole >= LEAST_VOTES and of_major >= MAJOR_SHARE * whole:
            sure = most >= UNIT_SHARE * whole and len(unit) == 4 and unit in named.get(soc, ())
            groups[soc] = unit if sure else major
    return groups


def of_onet(titles: dict[str, set[str]], groups: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(title, group) of O*NET's titles whose SOCs agree."""
    for title, socs in titles.items():
        words = title.split()
        if words[-1] in NO_HEADS or (len(words) == 1 and not ONE_WORD.fullmatch(title)):
            continue
        found = {groups.get(soc, "") for soc in socs}
        if "" not in found and len({group[0] for group in found}) == 1:
            yield title, found.pop() if len(found) == 1 else found.pop()[0]


def without_ranks(title: str) -> str:
    """A title without the words for ranks before it."""
    words = title.split()
    while len(words) > 2 and words[0] in RANKS:
        words = words[1:]
    return " ".join(words)


def ending(title: str, titles: Mapping[str, str]) -> str:
    """The group of the longest ending of a title that stands among others; "" without one."""
    words = title.split()
    return next((titles[end] for n in range(1, len(words)) if (end := " ".join(words[n:])) in titles), "")


def needed(titles: Mapping[str, str]) -> dict[str, str]:
    """Those titles whose longest ending among them says another group."""
    kept: dict[str, str] = {}
    for title in sorted(titles, key=lambda title: (len(title.split()), title)):
        if ending(title, kept) != titles[title]:
            kept[title] = titles[title]
    return kept


def made(folder: Path) -> dict[str, str]:
    """All titles with their groups: O*NET's where neither ESCO nor the titles by hand know an ending of them."""
    sure = {without_ranks(title): group for title, group in esco(folder).items()} | titles_by_hand("en")
    alternates = onet(folder)
    groups = by_votes(sure, alternates, crosswalk(folder))
    rest = {without_ranks(title): group for title, group in of_onet(alternates, groups)}
    added = {title: group for title, group in rest.items() if title not in sure and not ending(title, sure)}
    return needed(sure | added)


def lines(titles: dict[str, str]) -> Iterable[str]:
    """The lines of the file: a group, a tab, its titles with bars between."""
    groups: dict[str, list[str]] = defaultdict(list)
    for title, group in sorted(titles.items()):
        groups[group].append(title)
    return (f"{group}\t{'|'.join(groups[group])}\n" for group in sorted(groups))


def write_titles(argv: Sequence[str]) -> None:
    """Writes the file beside this module."""
    data = "".join(lines(made(Path(argv[0])))).encode()
    Path(__file__).with_name("titles.txt.gz").write_bytes(gzip.compress(data, mtime=0))


if __name__ == "__main__":
    write_titles(sys.argv[1:])
