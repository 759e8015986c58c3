"""One file per promise. Each measures on a system of its own and gives figure, limit or rival, and ratio.

`make bench` runs them all and writes the table in `docs/performance.md`; `python -m bench NAME` runs some. Nothing here
is a test: a bench reports, it never fails a build. Machines are noisy, so what counts is a median, or a ratio of two
things measured in one run. `bench/baseline.json` holds the ratios of an earlier run: one that fell by a third is named.
"""
