"""The neutral words that stand for what was scrubbed, by language, and which language a script speaks for."""

from __future__ import annotations

from dataclasses import dataclass

import regex


@dataclass(frozen=True)
class NeutralWords:
    """What is put in place of an e-mail address, a telephone number, a link, a person's name, a number, an address."""

    email: str
    phone: str
    link: str
    name: str
    number: str
    address: str

    def of(self, kind: str) -> str:
        """The word for a kind of finding; a handle stands for the person who has it."""
        own = {"email": self.email, "phone": self.phone, "link": self.link, "number": self.number}
        return self.address if kind in ("address", "ip") else own.get(kind, self.name)


# A persona must still read well: "a fan of someone", "ein Fan von jemandem". Where a language declines the word, the
# case that follows a preposition is taken, since that is where names stand in personas; Russian and the other Slavic
# languages take the "N." of their novels, which needs no case.
NEUTRAL_WORDS = {
    "en": NeutralWords("an e-mail address", "a phone number", "a link", "someone", "a number", "an address"),
    "de": NeutralWords(
        "eine E-Mail-Adresse", "eine Telefonnummer", "ein Link", "jemandem", "eine Nummer", "eine Adresse"
    ),
    "es": NeutralWords("un correo electrónico", "un teléfono", "un enlace", "alguien", "un número", "una dirección"),
    "fr": NeutralWords(
        "une adresse e-mail", "un numéro de téléphone", "un lien", "quelqu'un", "un numéro", "une adresse"
    ),
    "it": NeutralWords(
        "un indirizzo e-mail", "un numero di telefono", "un link", "qualcuno", "un numero", "un indirizzo"
    ),
    "pt": NeutralWords("um e-mail", "um telefone", "um link", "alguém", "um número", "um endereço"),
    "nl": NeutralWords("een e-mailadres", "een telefoonnummer", "een link", "iemand", "een nummer", "een adres"),
    "pl": NeutralWords("adres e-mail", "numer telefonu", "link", "N. N.", "numer", "adres"),
    "cs": NeutralWords("e-mailová adresa", "telefonní číslo", "odkaz", "N. N.", "číslo", "adresa"),
    "ru": NeutralWords("адрес почты", "номер телефона", "ссылка", "N.", "номер", "адрес"),
    "uk": NeutralWords("адреса пошти", "номер телефону", "посилання", "N.", "номер", "адреса"),
    "tr": NeutralWords(
        "bir e-posta adresi", "bir telefon numarası", "bir bağlantı", "birisi", "bir numara", "bir adres"
    ),
    "id": NeutralWords(
        "sebuah alamat surel", "sebuah nomor telepon", "sebuah tautan", "seseorang", "sebuah nomor", "sebuah alamat"
    ),
    "vi": NeutralWords(
        "một địa chỉ email", "một số điện thoại", "một liên kết", "một người", "một dãy số", "một địa chỉ"
    ),
    "zh": NeutralWords("某邮箱", "某电话", "某链接", "某人", "某号码", "某地址"),
    "ja": NeutralWords("あるメールアドレス", "ある電話番号", "あるリンク", "ある人", "ある番号", "ある住所"),
    "ko": NeutralWords("어떤 이메일", "어떤 전화번호", "어떤 링크", "어떤 사람", "어떤 번호", "어떤 주소"),
    "ar": NeutralWords("بريد إلكتروني", "رقم هاتف", "رابط", "شخص ما", "رقم", "عنوان"),
    "fa": NeutralWords("یک ایمیل", "یک شماره تلفن", "یک پیوند", "شخصی", "یک شماره", "یک نشانی"),
    "hi": NeutralWords("एक ईमेल", "एक फ़ोन नंबर", "एक लिंक", "किसी व्यक्ति", "एक नंबर", "एक पता"),
    "th": NeutralWords("อีเมลหนึ่ง", "หมายเลขโทรศัพท์หนึ่ง", "ลิงก์หนึ่ง", "ใครคนหนึ่ง", "หมายเลขหนึ่ง", "ที่อยู่หนึ่ง"),
}
# Nomen nescio: understood in any language that has no words above.
NEUTRAL_IN_ANY_LANGUAGE = NeutralWords("e-mail", "tel.", "link", "N. N.", "No.", "adr.")

LANGUAGE_OF_SCRIPT = {
    "Han": "zh",
    "Hiragana": "ja",
    "Katakana": "ja",
    "Hangul": "ko",
    "Arabic": "ar",
    "Devanagari": "hi",
    "Cyrillic": "ru",
    "Thai": "th",
}
SCRIPT_LETTERS = regex.compile("|".join(rf"(?P<{script}>\p{{{script}}})" for script in LANGUAGE_OF_SCRIPT))


def language_or_by_script(text: str, language: str) -> str:
    """`language` if it is known, else the best known language of the text's script: English for Latin letters."""
    if language != "und":
        return language.split("-")[0]
    if text.isascii():
        return "en"
    scripts = [match.lastgroup for match in SCRIPT_LETTERS.finditer(text[:2000])]
    if len(scripts) * 4 < sum(map(str.isalpha, text[:2000])):
        return "en"
    if "Hiragana" in scripts or "Katakana" in scripts:  # Japanese has more Han than kana
        return "ja"
    return LANGUAGE_OF_SCRIPT[str(max(set(scripts), key=scripts.count))] if scripts else "en"


def neutral_words(language: str) -> NeutralWords:
    """The words of a language; `NEUTRAL_IN_ANY_LANGUAGE` where there are none."""
    return NEUTRAL_WORDS.get(language, NEUTRAL_IN_ANY_LANGUAGE)
