"""Items that are made in one step are what the library would have made of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition

from api.licenses import LicenseChange
from api.scalars import SCALARS
from domain.values import Component

ITEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "everything": (
        'component: SERVER, delta: -2, quantity: 7, effectiveAt: "2026-11-22T07:31Z"',
        {"component": Component.SERVER, "delta": -2, "quantity": 7}
        | {"effective_at": datetime(2026, 11, 22, 7, 31, tzinfo=UTC)},
    ),
    "what is needed": ("component: LICENSE", {"component": Component.LICENSE}),
    "nulls": (
        "component: LICENSE, delta: null, quantity: 3, effectiveAt: null",
        {"component": Component.LICENSE, "delta": None, "quantity": 3, "effective_at": None},
    ),
}


@pytest.mark.parametrize(("written", "meant"), ITEMS.values(), ids=ITEMS)
@pytest.mark.parametrize("by_library", [True, False])
def test_an_item_is_made(
    written: str, meant: dict[str, Any], by_library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LicenseChange] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def take(self, changes: list[LicenseChange]) -> int:
            seen.extend(changes)
            return len(changes)

    if by_library:
        monkeypatch.setattr(get_object_definition(LicenseChange, strict=True), "from_input", None)
    schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))

    result = schema.execute_sync(f'{{ take(changes: [{{changeId: "c", organization: "o", {written}}}]) }}')

    assert result.errors is None
    assert [LicenseChange(change_id=strawberry.ID("c"), organization=strawberry.ID("o"), **meant)] == seen
