"""A frozen value with some fields changed, in half the time that the standard library takes.

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
    names, values_of = _shape(cls)
    given = dict(zip(names, values_of(value), strict=True))
    given.update(changes)
    changed: T = cls(**given)
    return changed


@cache
def _shape(cls: type[Any]) -> tuple[tuple[str, ...], "attrgetter[Any]"]:
    names = tuple(each.name for each in fields(cls))
    return names, attrgetter(*names)
