"""Parsers of pages in a process of their own: what they cannot read is a fault of the page."""

from __future__ import annotations

from persona_hub.transforms.apart import Apart, CrashedError, FailedError, TooSlowError
from persona_hub.transforms.corpus.corpus_records import BrokenError


class PageParser(Apart):
    """A function of a page and its address that returns a text."""

    def __call__(self, text: str, second: str, seconds: float) -> str:
        """The page's text; raises BrokenError if it takes longer than `seconds`, or the parser fails or crashes."""
        try:
            return super().__call__(text, second, seconds)
        except TooSlowError:
            detail = f"its text is not found within {seconds:g} seconds. Leave the page out."
            raise BrokenError("page-timeout", detail) from None
        except CrashedError:
            raise BrokenError("page-crashed", "it crashes the parser of pages. Leave the page out.") from None
        except FailedError as error:
            raise BrokenError("page-broken", f"its text cannot be found ({error}). Leave the page out.") from None
