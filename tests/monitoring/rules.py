"""Prometheus's own evaluation of our rules over what our processes really tell.

A scrape is the text of a `/metrics` page. `firing` plays scrapes to `promtool`, a minute each and the last one for as
long as asked, and says which alerts fire in the end.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
RULES = ROOT / "monitoring" / "alerts.yml"
INSTANCE = {"job": "psa-ledger", "instance": "ledger:9464"}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus)"
)


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a process told. Shape: one text per series, labels and all, as Prometheus would store it."""

    series: dict[str, float]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        found = {"up" + _labels(INSTANCE): 1.0}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name + _labels({**sample.labels, **INSTANCE})] = sample.value
        return cls(found)

    @classmethod
    def taken(cls, address: str) -> "Scrape":
        """Ask a process, as Prometheus does; one that can not be asked is noted as down."""
        try:
            return cls.of(httpx.get(f"{address}/metrics", trust_env=False, timeout=60).raise_for_status().text)
        except httpx.HTTPError:
            return cls({"up" + _labels(INSTANCE): 0.0})

    def value(self, name: str, **labels: str) -> float:
        """Raises: KeyError when there is no such series."""
        return self.series[name + _labels({**labels, **INSTANCE})]


def alerts() -> list[str]:
    """The names of all alerts in the rules file."""
    lines = RULES.read_text().splitlines()
    return [line.rpartition(" ")[2] for line in lines if line.strip().startswith("- alert: ")]


def firing(alert: str, scrapes: Sequence[Scrape], minutes: int, directory: Path, *, goes_on: bool = False) -> bool:
    """Whether an alert fires at the end: each scrape counts for a minute, the last one for so many.

    With `goes_on` counters go on rising as they did from the last scrape but one to the last.
    """
    held = [*scrapes[:-1], *[scrapes[-1]] * minutes]
    if goes_on:
        held = [*scrapes[:-1], *(_going_on(scrapes[-2], scrapes[-1], minute) for minute in range(minutes))]
    names = sorted({name for scrape in scrapes for name in scrape.series})
    asked = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {
                        "series": name,
                        "values": " ".join(
                            f"{each.series[name]:.17g}" if name in each.series else "_" for each in held
                        ),
                    }
                    for name in names
                ],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                        "eval_time": f"{len(held) - 1}m",
                        "exp_samples": [{"labels": "{}", "value": 0}],
                    }
                ],
            }
        ],
    }
    file = directory / "rules_test.yml"
    file.write_text(json.dumps(asked))  # JSON is YAML
    ended = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    if ended.returncode == 0:
        return False
    said = ended.stdout + ended.stderr
    assert "exp:" in said, said
    assert "got:" in said, said
    return True


def _going_on(before: Scrape, last: Scrape, minutes: int) -> Scrape:
    def later(name: str, value: float) -> float:
        is_counter = name.partition("{")[0].endswith(("_total", "_bucket", "_count", "_sum"))
        return value + minutes * (value - before.series.get(name, 0.0)) if is_counter else value

    return Scrape({name: later(name, value) for name, value in last.series.items()})


def _labels(labels: dict[str, str]) -> str:
    """As Prometheus writes them; JSON's escapes are Prometheus's."""
    inner = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items()))
    return f"{{{inner}}}"
