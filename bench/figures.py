"""Saying figures the same way everywhere: ours, what it is held against, and the ratio of the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """One promise as measured. `against` is a limit, or a rival measured in the same run.

    Units: `value` and `other` in `unit`; `ratio` says how much better than the other ours is, and 1 is as good.
    `least` is the promised ratio; none where the figure is only told.
    """

    name: str
    value: float
    unit: str
    against: str
    other: float
    least: float | None = 1.0
    is_less_better: bool = False

    @property
    def ratio(self) -> float:
        better, worse = (self.other, self.value) if self.is_less_better else (self.value, self.other)
        return better / worse if worse else float("inf")

    @property
    def verdict(self) -> str:
        if self.least is None:
            return "told"
        return "held" if self.ratio >= self.least else "MISSED"

    def __str__(self) -> str:
        promised = "" if self.least is None else f", promised {self.least:g}: {self.verdict}"
        return (
            f"{self.name}: {number(self.value)} {self.unit}; {self.against} {number(self.other)};"
            f" ratio {self.ratio:.2f}{promised}"
        )


Told = Figure | str
"""What a bench yields: figures, and remarks about them."""


def number(value: float) -> str:
    """
    >>> number(12345.6), number(12.345), number(0.1234)
    ('12,346', '12.3', '0.123')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def at_most(name: str, value: float, unit: str, limit: float) -> Figure:
    """A figure that must not be above its limit."""
    return Figure(name, value, unit, "limit", limit, is_less_better=True)


def at_least(name: str, value: float, unit: str, limit: float) -> Figure:
    """A figure that must not be below its limit."""
    return Figure(name, value, unit, "limit", limit)


def percentile(seconds: Sequence[float], part: int) -> float:
    """Units: milliseconds. `part` is 50, 95 or 99."""
    if len(seconds) < 2:
        return seconds[0] * 1000
    return quantiles(seconds, n=100, method="inclusive")[part - 1] * 1000


def spread(name: str, seconds: Sequence[float]) -> str:
    """Median, 95th percentile and slowest of some durations, in milliseconds."""
    return (
        f"{name}: median {median(seconds) * 1000:.1f} ms, p95 {percentile(seconds, 95):.1f} ms,"
        f" slowest {max(seconds) * 1000:.0f} ms over {len(seconds)}"
    )
