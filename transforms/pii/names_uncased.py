"""People's names in scripts without capitals: Han, kana, Hangul, Arabic, Devanagari."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from persona_hub.transforms.pii.finding import Finding
from persona_hub.transforms.pii.gazetteer import gazetteer, word_lists

# Characters that Chinese spells foreign names with (the tables of the news agencies), and takes for little else.
SOUNDS = (
    "采坎霍蕭翰治席佳娃梵顾郝莹蓉蔓羅娅茨坤涵潔凱倫戴蘇蓋艾薩薇龐約奧維爾魏聖貢賽迦韋蒂諸陀亞丽阿埃爱安昂"
    "奥巴白拜班邦保鲍贝本比彼毕宾波博伯勃卜布查柴昌彻茲兹慈达丹当道德登邓迪丁东杜敦多顿恩尔耳法凡范方菲费"
    "芬丰冯佛夫弗福甫富盖甘冈高戈哥格葛根贡古瓜圭果哈海罕汉杭豪赫黑亨洪侯胡华怀基吉季加贾简江杰金津居卡凯"
    "康考柯科可克肯孔库夸昆拉莱赖兰朗劳勒雷蕾黎李里理莉利莲连列林琳龄留琉柳隆龙卢鲁露路伦罗洛马玛迈麦曼芒"
    "毛茅梅门蒙米密敏明缪摩莫墨默姆穆纳娜乃奈南瑙内嫩尼妮年涅宁纽农努诺欧帕派潘庞培佩彭皮平泼珀普齐奇恰钱"
    "强乔切钦琴青琼丘屈让热仁日荣茹儒瑞若萨塞赛桑瑟森沙莎珊山尚绍舍申生圣盛施什石史舒朔丝思斯司松苏素孙索"
    "塔太泰坦汤唐陶特腾提田铁廷通图土吐托瓦万旺威韦维伟温文翁沃乌伍武西希悉锡夏香肖谢辛欣兴休修许雪逊雅亚"
    "扬尧耶叶伊依易因英尤于雨约宰赞泽曾扎詹章珍芝知朱卓宗祖佐蓬诃恺穗卫妃姬黛嘉倩洁碧苔婷婭瑪麗蘭達喬瓊馬"
    "納賓貝費萊賴魯馮諾書麥麽朵芙撒慧"
)
DOTTED = regex.compile(rf"[{SOUNDS}]{{1,5}}(?: ?[·・•‧] ?(?:[{SOUNDS}]{{1,6}}|\p{{Lu}}\.?))+")
DOT = regex.compile(r"[·・•‧]")
HAN = regex.compile(r"\p{Han}")
HANGUL = regex.compile(r"\p{Hangul}")
ZH_SMALL = "和会在是的与于为有中大人上下不一"  # in few given names, and in every sentence
ZH_TITLES = (
    "先生|女士|小姐|太太|教授|博士|老师|老師|医生|醫生|律师|律師|总统|總統|主席|将军|將軍|院士|导演|導演|同学|同學|夫人"
)
ZH_BEFORE = (
    "叫|名叫|名为|名為|我是|叫做|记者|記者|作家|诗人|詩人|歌手|演员|演員|教授|导演|導演"
    "|画家|畫家|总统|總統|球员|球員|选手|選手|明星|艺人|藝人|科学家|数学家|物理学家|皇帝|学者|校长|教练"
)
ZH_AFTER = r"的|，|。|、|；|？|！|\s|和|与|與|在|是|\(|（|$|先|女|教|博|老"
JA_AFTER = "さん|氏|先生|様|くん|ちゃん|教授"
KO_AFTER = "씨|님|교수|선생|박사|감독|대통령|작가|선수"
ARABIC_WORD = regex.compile(r"[\p{Arabic}\p{M}]+")
DEVANAGARI_WORD = regex.compile(r"[\p{Devanagari}\p{M}]+(?:-[\p{Devanagari}\p{M}]+)*\.?")
MORE_WORDS = 3  # words after the first
AND = "و"  # Arabic writes "and" with the word that follows


def find_uncased_names(text: str, language: str) -> Iterator[Finding]:
    """Names of people in the parts of a text that are in scripts without capitals."""
    spans: list[tuple[int, int]] = []
    if HAN.search(text):
        dotted = [match.span() for match in DOTTED.finditer(text)]
        native_names = (match.span("name") for match in native(language).finditer(text))
        spans += dotted
        spans += (span for span in native_names if text[slice(*span)] not in gazetteer().places)
        # Later mentions have the last part alone; of one character it would be any.
        alone = {part for span in dotted if len(part := DOT.split(text[slice(*span)])[-1].strip()) > 1}
        spans += (match.span() for part in sorted(alone) for match in regex.finditer(regex.escape(part), text))
    if HANGUL.search(text):
        spans += [match.span("name") for match in korean().finditer(text)]
    if ARABIC_WORD.search(text):
        spans += word_names(text, ARABIC_WORD, "ar")
    if DEVANAGARI_WORD.search(text):
        spans += word_names(text, DEVANAGARI_WORD, "hi")
    for start, end in spans:
        yield Finding(start, end, "name")


def han_names(names: frozenset[str], longest: int) -> str:
    """The names in Han characters as alternatives, long ones first."""
    return "|".join(
        sorted((name for name in names if HAN.match(name) and len(name) <= longest), key=lambda n: (-len(n), n))
    )


@cache
def native(language: str) -> regex.Pattern[str]:
    """Names that Chinese or Japanese people have: a surname, then a title, or a given name where a name may stand."""
    known = gazetteer()
    family, given = han_names(known.family, 3), han_names(known.given, 3)
    if language == "ja":
        return regex.compile(rf"(?P<name>(?:{family}) ?(?:{given}))|(?P<name>(?:{family}))(?={JA_AFTER})")
    letters = "".join(sorted({letter for name in known.given if HAN.match(name) for letter in name} - set(ZH_SMALL)))
    short = han_names(known.family, 2)
    return regex.compile(
        rf"(?:^|(?<=[，。、；：“\s（(和与與]|{ZH_BEFORE}))(?P<name>(?:{short})[{letters}\p{{Han}}]{{1,2}})(?={ZH_TITLES})"
        rf"|(?:^|(?<=[，。、；：“\s（(]|{ZH_BEFORE}))(?P<name>(?:{short})(?:{given}|[{letters}]{{2}}))(?={ZH_AFTER})"
        rf"|(?<={ZH_BEFORE})(?P<name>[{SOUNDS}]{{3,6}})(?={ZH_AFTER})"
    )


@cache
def korean() -> regex.Pattern[str]:
    """A surname and two syllables before a title, or with a given name that is known."""
    known = gazetteer()
    family = "|".join(sorted(name for name in known.family if HANGUL.match(name)))
    given = "|".join(sorted(name for name in known.given if HANGUL.match(name)))
    return regex.compile(
        rf"(?<!\p{{Hangul}})(?P<name>(?:{family})(?:(?:{given})|\p{{Hangul}}{{2}}(?= ?(?:{KO_AFTER}))))"
    )


def word_names(text: str, word: regex.Pattern[str], script: str) -> list[tuple[int, int]]:
    """Names in a text of spaced words: a known given name and what follows it, or a title and a known name."""
    words = list(word.finditer(text))
    taken = [bare(match.group(), script) for match in words]
    spans: list[tuple[int, int]] = []
    i = 0
    while i < len(words):
        last, unknown = i, 0
        foreign = taken[i] in word_lists()["foreign"][script]
        titled = i > 0 and taken[i - 1] in word_lists()["titles"][script] and adjoin(text, words, i)
        if (foreign or is_given(taken[i])) and taken[i] not in word_lists()["ends"][script]:
            while last + 1 < len(words) and last - i < MORE_WORDS and adjoin(text, words, last + 1):
                after = taken[last + 1]
                if not goes_on(taken, last + 1, words, script, (foreign or titled) and not unknown):
                    break
                last += 1
                unknown += not (is_known(after) or after in LINKS or len(after.strip(".")) <= 2)
        if last > i or (titled and is_given(taken[i])):
            start = words[i].start() + len(words[i].group()) - len(taken[i])
            spans.append((start, words[last].end()))
        i = last + 1
    return spans


def bare(word: str, script: str) -> str:
    """A word without the "and" that Arabic puts before it, where what is left is a name."""
    if script == "ar" and word.startswith(AND) and len(word) > 3:
        rest = word[1:]
        if rest in word_lists()["foreign"]["ar"] or (rest in gazetteer().given and word not in gazetteer().given):
            return rest
    return word


def adjoin(text: str, words: list[regex.Match[str]], i: int) -> bool:
    """Whether only a space, or the dot of an initial, stands between a word and the one before."""
    return text[words[i - 1].end() : words[i].start()] in (" ", ". ", ".", "  ")


def is_given(word: str) -> bool:
    """Whether the gazetteer has the word as a given name."""
    return word in gazetteer().given


def is_known(word: str) -> bool:
    """Whether the gazetteer or the list of foreign names has the word."""
    known = gazetteer()
    return (
        word in known.given or word in known.family or any(word in names for names in word_lists()["foreign"].values())
    )


def goes_on(taken: list[str], i: int, words: list[regex.Match[str]], script: str, sure: bool) -> bool:
    """Whether a word belongs to the name before it: known itself, or, after a sure beginning, no small word."""
    word = taken[i]
    if word in word_lists()["ends"][script] or word != words[i].group():
        return False
    if word in LINKS or is_known(word):
        return True
    if script == "ar":
        by_origin = word.startswith("ال") and word.endswith("ي") and taken[i - 1] in gazetteer().given
        return by_origin or (sure and not word.startswith((AND, "ال", "لل")))
    return sure and len(word) > 1


# Between the parts of a name: "son of", "daughter of", and the "von" and "de" of Europe.
LINKS = frozenset({"بن", "ابن", "بنت", "فون", "دي", "دا", "فان", "वॉन", "डी", "दा", "बिन", "इब्न"})
