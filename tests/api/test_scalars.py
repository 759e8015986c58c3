"""A number is taken exactly as it is written, or refused; no way of writing one is an error of ours."""

from decimal import Decimal

import pytest

from api.errors import Refused
from api.scalars import parse_decimal


@pytest.mark.parametrize("written", ["0", "-12.50", "999999999999999.9999999999", "1e14", "1E-10", 7])
def test_an_exact_number_is_taken(written: str | int) -> None:
    assert Decimal(written) == parse_decimal(written)


@pytest.mark.parametrize(
    "written",
    [
        *("1e15", "-1e15", "1e999999", "1e1000000", "-1e1000000", "1e999999999999999999", "1e-11", "1e-1000000"),
        *("NaN", "sNaN", "Infinity", "-Infinity", "", "zwölf", "9" * 41, True, None, 1.5, [1], {}),
    ],
)
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(Refused):
        parse_decimal(written)
