"""Run all benches, or those named on the command line."""

import importlib
import sys

BENCHES = ("changes_in_one_call", "licence_change_to_addition", "large_directory", "audit", "simulator_reads")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.stderr.write(f"no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}\n")
        return 2
    for name in names or BENCHES:
        print(f"\n{name.replace('_', ' ')}")
        for line in importlib.import_module(f"bench.{name}").measure():
            print(f"  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
