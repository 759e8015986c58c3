"""Items that are made in one step are what the library would have made of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition

from api.inputs import of_leaves
from api.licenses import ChangeLicensesInput, LicenseChange
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


@pytest.mark.parametrize("by_library", [True, False])
def test_an_input_of_items_is_made(by_library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ChangeLicensesInput] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def take(self, given: ChangeLicensesInput) -> int:
            seen.append(given)
            return len(given.changes)

    if by_library:
        monkeypatch.setattr(get_object_definition(ChangeLicensesInput, strict=True), "from_input", None)
    schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))
    items = ", ".join(f'{{changeId: "{name}", organization: "o", component: LICENSE, delta: 1}}' for name in "ab")

    result = schema.execute_sync(f'{{ take(given: {{changes: [{items}], idempotencyKey: "k"}}) }}')

    assert result.errors is None
    change: dict[str, Any] = {"organization": strawberry.ID("o"), "component": Component.LICENSE, "delta": 1}
    changes = [LicenseChange(change_id=strawberry.ID(name), **change) for name in "ab"]
    assert [ChangeLicensesInput(changes=changes, idempotency_key="k")] == seen


@strawberry.input
class _Item:
    name: str


@of_leaves
@strawberry.input
class _Leaves:
    name: str


@of_leaves
@strawberry.input
class _OfItems:
    items: list[_Item]


@of_leaves
@strawberry.input
class _OfOne:
    items: _Leaves


@of_leaves
@strawberry.input
class _OfSome:
    items: list[_Leaves] | None = None


def _taken(given: type, written: str) -> Any:
    seen: list[Any] = []

    def take(given: Any) -> int:
        seen.append(given)
        return 1

    take.__annotations__["given"] = given
    query = strawberry.type(type("Query", (), {"take": strawberry.field(resolver=take)}))
    result = strawberry.Schema(query).execute_sync(f"{{ take(given: {{{written}}}) }}")
    return seen[0] if result.errors is None else str(result.errors[0])


def test_only_lists_of_what_is_made_in_one_step_are() -> None:
    assert "holds what is not made in one step" in _taken(_OfItems, 'items: [{name: "a"}]')
    assert "holds what is not made in one step" in _taken(_OfOne, 'items: {name: "a"}')
    assert _OfSome(items=[_Leaves(name="a")]) == _taken(_OfSome, 'items: [{name: "a"}]')
    assert _OfSome(items=None) == _taken(_OfSome, "items: null")
    assert _OfSome() == _taken(_OfSome, "")
