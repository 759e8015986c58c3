"""Stored facts that must be readable for ever: one file per fact type and schema version.

`python -m tests.journal.golden_files` writes the files that are missing and never touches one that is there. A file
that no longer fits means that recorded facts could no longer be read: answer with a new schema version and an upcaster.
"""

import json
from pathlib import Path

from journal.codec import FactType
from journal.registry import CODEC
from tests.journal.examples import example_of

FOLDER = Path(__file__).parent / "golden"


def file_of(fact_type: FactType) -> Path:
    return FOLDER / f"{fact_type.topic}.json"


def text_of(fact_type: FactType) -> str:
    """The example as it is stored, spread over lines for people."""
    return json.dumps(fact_type.encode(example_of(fact_type.cls)), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_missing() -> list[Path]:
    missing = [fact_type for fact_type in CODEC.fact_types() if not file_of(fact_type).exists()]
    for fact_type in missing:
        file_of(fact_type).write_text(text_of(fact_type))
    return [file_of(fact_type) for fact_type in missing]


if __name__ == "__main__":
    write_missing()
