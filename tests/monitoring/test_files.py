"""The files for Prometheus and Grafana: they speak of numbers that exist, and the runbook of every alert."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from projections.reads.standing import StandingReader
from telemetry.numbers import Numbers
from tests.monitoring.rules import ROOT, RULES, alerts

DASHBOARD = ROOT / "monitoring" / "dashboard.json"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
FROM_OTHERS = {"process_resident_memory_bytes"}
"""Of the client library, with a fixed name."""


@pytest.fixture
def told(database: str) -> set[str]:
    """The names of everything that a process tells, histograms with their parts."""
    numbers = Numbers()
    numbers.look_up(StandingReader(database).gauges)
    names = re.findall(r"^# TYPE (\S+) (\w+)$", numbers.text().decode(), flags=re.MULTILINE)
    parts = {"histogram": ("_bucket", "_count", "_sum"), "gauge": ("",), "counter": ("",)}
    return {name + part for name, kind in names for part in parts.get(kind, ())}


def expressions() -> list[str]:
    """Every expression of the dashboard."""
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def used(text: str) -> set[str]:
    return set(re.findall(r"\b(?:psa_ledger|process)_[a-z_]+", text))


def test_alerts_and_dashboard_use_numbers_that_a_process_tells(told: set[str]) -> None:
    in_rules = used("\n".join(line for line in RULES.read_text().splitlines() if not line.startswith("#")))

    assert in_rules - told == set()
    assert used("\n".join(expressions())) - told - FROM_OTHERS == set()


def test_every_alert_has_an_entry_in_the_runbook_a_link_to_it_and_a_test() -> None:
    tests = (Path(__file__).parent / "test_alerts.py").read_text()

    assert len(alerts()) == len(set(alerts()))
    assert re.findall(r"^### (PsaLedger\w+)$", RUNBOOK, flags=re.MULTILINE) == alerts()
    assert [alert.lower() for alert in alerts()] == re.findall(r"runbook: docs/runbook.md#(\w+)", RULES.read_text())
    assert [alert for alert in alerts() if f'assert fires("{alert}", before, ' not in tests] == []
    assert [alert for alert in alerts() if f'assert not fires("{alert}", ' not in tests] == []
