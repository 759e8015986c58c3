"""What was stored once can be read for ever."""

import json

import pytest

from journal.codec import FactType
from journal.registry import CODEC
from tests.journal.examples import example_of
from tests.journal.golden_files import FOLDER, file_of, text_of

FACT_TYPES = CODEC.fact_types()


@pytest.mark.parametrize("fact_type", FACT_TYPES, ids=lambda fact_type: fact_type.topic)
def test_every_fact_has_a_golden_file_that_fits(fact_type: FactType) -> None:
    path = file_of(fact_type)
    assert path.exists(), "write it with: python -m tests.journal.golden_files"

    assert path.read_text() == text_of(fact_type)
    fact, name, schema = CODEC.decode(fact_type.topic, json.loads(path.read_text()))

    assert example_of(fact_type.cls) == fact
    assert (fact_type.name, fact_type.schema) == (name, schema)


def test_every_golden_file_ever_written_is_still_read() -> None:
    topics = sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json"))

    for topic in topics:
        CODEC.decode(topic, json.loads((FOLDER / f"{topic}.json").read_text()))

    assert set(topics) >= {fact_type.topic for fact_type in FACT_TYPES}
