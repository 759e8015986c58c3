"""A frozen value with some fields changed, in a third of the time that the standard library takes.

States have twenty fields, and every fact of a long journal changes a few of them.
"""

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


def replace(value: T, **changes: Any) -> T:
    """As `dataclasses.replace`, for dataclasses of two fields or more that all belong to `__init__`.

    Raises: TypeError for a field that the value does not have.

    >>> from domain.values import Tenant
    >>> replace(Tenant("psa.example", "acme"), company_id="beta")
    Tenant(site='psa.example', company_id='beta')
    """
    cls: Any = type(value)
    places, values_of = _shape(cls)
    values = list(values_of(value))
    for name, changed in changes.items():
        if name not in places:
            raise TypeError(f"{cls.__name__} has no field {name}")
        values[places[name]] = changed
    replaced: T = cls(*values)
    return replaced


@cache
def _shape(cls: type[Any]) -> tuple[dict[str, int], "attrgetter[Any]"]:
    names = [each.name for each in fields(cls)]
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)
