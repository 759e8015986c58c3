"""One file per promise. Each measures on a system of its own and prints figure, limit or rival, and ratio.

`make bench` runs them all; `python -m bench NAME` runs one. Nothing here is a test: a bench reports, it never fails a
build. These machines are noisy, so every figure is a median or a ratio from one run.
"""
