"""Run all benches, or those named. A whole run, or `--table`, writes the table; `--baseline` keeps the ratios."""

import importlib
import signal
import sys
import time

from bench.figures import Figure
from bench.report import compare, write_baseline, write_table

BENCHES = (
    "journal_append",
    "many_callers",
    "changes_in_one_call",
    "licence_change_to_addition",
    "pushes_of_many_msps",
    "month_close",
    "append_to_visible",
    "pages",
    "rebuild",
    "growth",
    "large_directory",
    "audit",
    "scale",
    "simulator_reads",
)


def main(words: list[str]) -> int:
    names = [word for word in words if not word.startswith("--")]
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.stderr.write(f"no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}\n")
        return 2
    # Being told to end is like Ctrl-C: what benches have started is stopped first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.perf_counter()
    measured: dict[str, list[Figure]] = {}
    for name in names or BENCHES:
        begun = time.perf_counter()
        print(f"\n{name.replace('_', ' ')}", flush=True)
        figures = measured[name] = []
        for told in importlib.import_module(f"bench.{name}").measure():
            print(f"  {told}", flush=True)
            if isinstance(told, Figure):
                figures.append(told)
        print(f"  ({time.perf_counter() - begun:.0f} s)", flush=True)
    for line in compare(measured):
        print(line)
    if not names or "--table" in words:
        write_table(measured, time.perf_counter() - began)
    if "--baseline" in words:
        write_baseline(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
