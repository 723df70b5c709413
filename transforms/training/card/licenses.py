"""Licences as the user names them; those that Hugging Face's hub has an id for stand in a card's metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# https://huggingface.co/docs/hub/repositories-licenses
KNOWN_NAMES = (
    "afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0 "
    "bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 "
    "cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 "
    "cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla- "
    "permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 "
    "etalab-2.0 eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 h-research "
    "intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c "
    "mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0 openrail openrail++ osl-3.0 pddl postgresql unlicense "
    "wtfpl zlib "
)
KNOWN = frozenset(KNOWN_NAMES.split())
OTHER_LICENSE, LICENSE_NAME_CHARACTERS = "other", 60


@dataclass(frozen=True)
class Licenses:
    """Of the data set, of the documents that its personas came from, and of the models; empty where not named."""

    data: str = ""
    sources: str = ""
    models: str = ""

    def metadata(self) -> dict[str, Any]:
        """What a card's front matter says of the data set's own."""
        if not self.data:
            return {}
        name = self.data.strip().lower()
        if name in KNOWN:
            return {"license": name}
        short = re.sub(r"[^a-z0-9.]+", "-", name)[:LICENSE_NAME_CHARACTERS].strip("-.")
        return {"license": OTHER_LICENSE, "license_name": short or OTHER_LICENSE}

    def told(self) -> Iterator[tuple[str, str]]:
        """(what, its licence) of those that are named."""
        named = (("this data set", self.data), ("the documents", self.sources), ("the models' output", self.models))
        return ((what, said) for what, said in named if said)
