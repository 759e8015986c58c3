"""Saying figures the same way everywhere."""

from collections.abc import Sequence
from statistics import median, quantiles


def spread(name: str, seconds: Sequence[float]) -> str:
    """Median, 95th percentile and slowest of some durations, in milliseconds."""
    cut = quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    return (
        f"{name}: median {median(seconds) * 1000:.0f} ms, p95 {cut * 1000:.0f} ms,"
        f" slowest {max(seconds) * 1000:.0f} ms over {len(seconds)}"
    )
