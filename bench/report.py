"""What a run leaves behind: the table in `docs/performance.md`, and the comparison with an earlier run's ratios."""

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, number

CHECKOUT = Path(__file__).resolve().parent.parent
TABLE_FILE = CHECKOUT / "docs" / "performance.md"
BASELINE_FILE = Path(__file__).with_name("baseline.json")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FELL_BY = 1 / 3

Measured = Mapping[str, Sequence[Figure]]


def compare(measured: Measured, baseline_file: Path = BASELINE_FILE) -> Iterator[str]:
    """Name each ratio that fell by a third since the baseline; nothing fails."""
    baseline = _read(baseline_file)
    known = [
        (bench, figure, baseline[bench][_key(figure)])
        for bench, figures in measured.items()
        for figure in figures
        if _key(figure) in baseline.get(bench, {})
    ]
    fallen = [(bench, figure, was) for bench, figure, was in known if figure.ratio < was * (1 - FELL_BY)]
    for bench, figure, was in fallen:
        yield f"FELL {bench}: {figure.name}: ratio {figure.ratio:.2f}, was {was:.2f}"
    if known and not fallen:
        yield f"none of {len(known)} ratios fell by a third since the baseline"


def write_baseline(measured: Measured, baseline_file: Path = BASELINE_FILE) -> None:
    """Keep the ratios for later runs to compare with; those of benches that did not run stay."""
    ratios = {
        bench: {_key(figure): round(figure.ratio, 3) for figure in figures} for bench, figures in measured.items()
    }
    baseline_file.write_text(json.dumps({**_read(baseline_file), **ratios}, indent=2, sort_keys=True) + "\n")


def _key(figure: Figure) -> str:
    """One figure may be held against several others."""
    return f"{figure.name} / {figure.against}"


def _read(baseline_file: Path) -> dict[str, dict[str, float]]:
    if not baseline_file.exists():
        return {}
    found: dict[str, dict[str, float]] = json.loads(baseline_file.read_text())
    return found


def write_table(measured: Measured, seconds: float, table_file: Path = TABLE_FILE) -> None:
    """Put the run's table between the two marks of the page; the words round it are ours."""
    text = table_file.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table_file.write_text(f"{before}{BEGIN}\n{_table(measured, seconds)}{END}{after}")


def _table(measured: Measured, seconds: float) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {seconds:.0f} s on {machine}; load {os.getloadavg()[1]:.1f}.",
        "",
        "| Bench | Figure | Ours | Held against | | Ratio | Promised | |",
        "|---|---|---:|---|---:|---:|---:|---|",
    ]
    for bench, figures in measured.items():
        for figure in figures:
            least = "" if figure.least is None else f"{figure.least:g}"
            lines.append(
                f"| {bench} | {figure.name} | {number(figure.value)} {figure.unit} | {figure.against} |"
                f" {number(figure.other)} | {figure.ratio:.2f} | {least} | {figure.verdict} |"
            )
    return "\n".join(lines) + "\n"
