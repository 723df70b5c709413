"""What is asked for where a sample answers no question of its own: a text of a title, or something for a persona."""

from __future__ import annotations

# By ISO 639-1; a language that is not here is asked in English.
FOR_TITLE = {
    "ar": "اكتب نصًا بعنوان «{title}».",
    "de": "Schreibe einen Text mit dem Titel „{title}“.",
    "en": 'Write a text with the title "{title}".',
    "es": "Escribe un texto con el título «{title}».",
    "fr": "Écris un texte intitulé « {title} ».",
    "hi": "“{title}” शीर्षक से एक लेख लिखिए।",
    "it": "Scrivi un testo dal titolo «{title}».",
    "ja": "「{title}」という題の文章を書いてください。",
    "ko": "「{title}」라는 제목의 글을 써 주세요.",
    "nl": "Schrijf een tekst met de titel ‘{title}’.",
    "pl": "Napisz tekst pod tytułem „{title}”.",
    "pt": "Escreve um texto com o título «{title}».",
    "ru": "Напиши текст под названием «{title}».",
    "sv": "Skriv en text med titeln ”{title}”.",
    "tr": "“{title}” başlıklı bir metin yaz.",
    "zh": "请以“{title}”为题写一篇文章。",
}
# The same for texts in a form of their own, by the field that holds their parts.
FOR_TITLE_OF = {
    "questions": {
        "de": "Schreibe Fragen und Antworten mit dem Titel „{title}“.",
        "en": 'Write questions and answers with the title "{title}".',
        "es": "Escribe preguntas y respuestas con el título «{title}».",
        "fr": "Écris des questions et des réponses intitulées « {title} ».",
        "zh": "请以“{title}”为题写一组问答。",
    },
    "rows": {
        "de": "Schreibe einen Text mit einer Tabelle, mit dem Titel „{title}“.",
        "en": 'Write a text with a table, with the title "{title}".',
        "es": "Escribe un texto con una tabla, con el título «{title}».",
        "fr": "Écris un texte avec un tableau, intitulé « {title} ».",
        "zh": "请以“{title}”为题写一篇带表格的文章。",
    },
    "steps": {
        "de": "Schreibe eine Anleitung in Schritten mit dem Titel „{title}“.",
        "en": 'Write a tutorial in steps with the title "{title}".',
        "es": "Escribe un tutorial por pasos con el título «{title}».",
        "fr": "Écris un tutoriel par étapes intitulé « {title} ».",
        "zh": "请以“{title}”为题写一篇分步教程。",
    },
}
FOR_PERSONA = {
    "math": "Write a math problem, and its answer, for this persona",
    "logical_reasoning": "Write a logical reasoning problem, and its answer, for this persona",
    "instruction": "Write an instruction that this persona may give an assistant",
    "knowledge_text": "Write an informative text, with a title, that this persona would read",
    "game_npc": "Create a character of a game after this persona",
    "tool": "Design a tool, as a JSON object, for this persona",
}


def ask_for_title(title: str, language: str, kind: str = "") -> str:
    """The request for a text of this title; `kind` is a key of FOR_TITLE_OF, "" for prose."""
    asks = FOR_TITLE_OF.get(kind, FOR_TITLE)
    return asks.get(language, asks["en"]).replace("{title}", title)


def ask_for_persona(use_case: str, description: str, persona: str) -> str:
    """The request for a sample of a use case, made with a persona."""
    what = FOR_PERSONA.get(use_case) or f"Write this for the persona below: {description or use_case}"
    return f"{what}:\n\n{persona}" if use_case in FOR_PERSONA else f"{what}\n\n{persona}"
