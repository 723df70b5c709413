"""The page on which people rate samples: one file, by keyboard, offline."""

from __future__ import annotations

from persona_hub.pipelines.pages.html import page, part
from persona_hub.pipelines.pages.review.items import Review

REVIEW = "review"


def review_page(review: Review) -> str:
    """The page, in HTML."""
    place = {item: n for n, item in enumerate(review.items)}
    data = {
        "page": review.digest,
        # Where one arm alone has use cases, they would tell the arm.
        "tells_use_case": all(one.use_case for one in review.items),
        "items": [
            {"id": one.id, "persona": one.persona, "text": one.text, "use_case": one.use_case, "origin": one.origin}
            for one in review.items
        ],
        "pairs": [[place[pair.left], place[pair.right]] for pair in review.pairs],
    }
    scripts, styles = [part(f"{REVIEW}/review.js")], [part("common.css"), part(f"{REVIEW}/review.css")]
    template, title = f"{REVIEW}/review.html", "Review of samples"
    return page(template, title, data, scripts, styles, items=len(review.items), pairs=len(review.pairs))
