"""A run names what fell by a third, and writes its table between the marks; it fails nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.figures import Figure, at_least, at_most, percentile
from bench.report import BEGIN, END, compare, write_baseline, write_table


def figure(value: float, least: float | None = 0.5) -> Figure:
    return Figure("saves", value, "facts/s", "a limit", 100, least)


@pytest.mark.parametrize(
    ("measured", "ratio", "verdict"),
    [
        (at_most("answer", 50, "ms", 100), 2.0, "held"),
        (at_most("answer", 200, "ms", 100), 0.5, "MISSED"),
        (at_least("rate", 50, "facts/s", 100), 0.5, "MISSED"),
        (figure(60), 0.6, "held"),
        (figure(40), 0.4, "MISSED"),
        (figure(40, None), 0.4, "told"),
    ],
)
def test_a_ratio_above_one_is_better_whatever_is_measured(measured: Figure, ratio: float, verdict: str) -> None:
    assert (ratio, verdict) == (measured.ratio, measured.verdict)


def test_percentiles_are_told_in_milliseconds() -> None:
    assert (50.0, 95.0) == (
        percentile([n / 1000 for n in range(101)], 50),
        percentile([n / 1000 for n in range(101)], 95),
    )


def test_only_what_fell_by_more_than_a_third_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "baseline.json"
    write_baseline({"journal": [figure(90)], "pages": [figure(90)]}, kept)

    assert ["FELL journal: saves: ratio 0.59, was 0.90"] == list(
        compare({"journal": [figure(59)], "pages": [figure(61)], "new": [figure(1)]}, kept)
    )
    assert ["none of 1 ratios fell by a third since the baseline"] == list(compare({"journal": [figure(80)]}, kept))


def test_a_figure_held_against_two_others_is_two(tmp_path: Path) -> None:
    kept, beside = tmp_path / "baseline.json", replace(figure(90), against="a rival", other=10)
    write_baseline({"journal": [figure(90), beside]}, kept)

    assert ["none of 2 ratios fell by a third since the baseline"] == list(
        compare({"journal": [figure(90), beside]}, kept)
    )


def test_without_a_baseline_nothing_is_said(tmp_path: Path) -> None:
    assert [] == list(compare({"journal": [figure(1)]}, tmp_path / "none.json"))


def test_a_baseline_keeps_the_benches_that_did_not_run(tmp_path: Path) -> None:
    kept = tmp_path / "baseline.json"
    write_baseline({"journal": [figure(90)]}, kept)

    write_baseline({"pages": [figure(50)]}, kept)

    assert ["FELL journal: saves: ratio 0.10, was 0.90"] == list(compare({"journal": [figure(10)]}, kept))


def test_the_table_stands_between_the_marks_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    write_table({"journal": [figure(60)]}, 12.0, page)

    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\nMeasured on ")
    assert text.endswith(f"{END}\nafter\n")
    assert "| journal | saves | 60 facts/s | a limit | 100 | 0.60 | 0.5 | held |\n" in text
    assert "old" not in text
