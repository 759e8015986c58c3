"""Reading records: filter, order, page, and show them with their computed fields and links.

Without `orderBy` records come in order of id, and then a page is cut out without looking at the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from simulator import billing_rules
from simulator.clock import day_of, day_text
from simulator.condition_text import And, Comparison, Expression, Instant, Not, Or, parse
from simulator.conditions import Computed, Find, Names, Predicate, Read, element_names, predicate
from simulator.errors import bad_condition, unknown_name
from simulator.parameters import ListRequest
from simulator.shapes import CUSTOM_FIELD, Field, Kind, Record, Shape
from simulator.store import SHAPES
from simulator.tenant import Tenant

Show = Callable[[Record], Record]


def computed_fields(tenant: Tenant, table_name: str) -> Computed:
    """Fields worked out at the tenant's present time."""
    today = tenant.clock.today()
    if table_name == "agreement":
        return {"agreementStatus": lambda agreement: billing_rules.agreement_status(agreement, today)}
    if table_name == "addition":
        with_status = tenant.switches.addition_status_field
        return billing_rules.addition_fields(tenant.tables, today, with_status_field=with_status)
    return {}


def matching(tenant: Tenant, table_name: str, asked: ListRequest) -> Predicate | None:
    """One predicate for all three kinds of conditions; None when everything matches.

    Raises: Refused (400, ApiFindCondition).
    """
    shape = SHAPES[table_name]
    escapes = tenant.switches.quote_escapes
    tests: list[Predicate] = []
    if asked.conditions.strip():
        names = Names(shape, computed_fields(tenant, table_name))
        expression = parse(asked.conditions, escapes)
        if tenant.switches.date_conditions == "day_after":
            expression = with_late_dates(expression)
        tests.append(predicate(expression, recognized(names, tenant.switches.fields_not_in_conditions)))
    if asked.child_conditions.strip():
        expression = parse(asked.child_conditions, escapes)
        if not tenant.switches.in_child_conditions and any(each.operator == "in" for each in comparisons(expression)):
            raise bad_condition("'in' is not a recognized operator.")
        tests.append(child_predicate(shape, expression))
    if asked.custom_field_conditions.strip():
        expression = parse(asked.custom_field_conditions, escapes)
        test = predicate(expression, element_names(CUSTOM_FIELD, ""))
        tests.append(any_element("customFields", test))
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)


def recognized(names: Names, unknown: tuple[str, ...]) -> Find:
    """The names of conditions, without those that the tenant answers and does not recognize."""
    lower = {name.lower() for name in unknown}

    def find(path: str) -> tuple[Field, Read]:
        if path.lower() in lower or path.partition("/")[0].lower() in lower:
            raise unknown_name(path)
        return names.find(path)

    return find if lower else names.find


def comparisons(expression: Expression) -> Iterable[Comparison]:
    match expression:
        case Comparison():
            yield expression
        case Not(inner):
            yield from comparisons(inner)
        case And(parts) | Or(parts):
            for part in parts:
                yield from comparisons(part)


def child_predicate(shape: Shape, expression: Expression) -> Predicate:
    """A record matches when one element of the list satisfies the whole expression."""
    fields = {each.field.partition("/")[0].lower(): each.field for each in comparisons(expression)}
    if len(fields) != 1:
        raise bad_condition("childConditions can name one list only.")
    (lower, written) = next(iter(fields.items()))
    for name, field in shape.fields.items():
        if field.kind is Kind.LIST and field.elements and name.lower() == lower:
            return any_element(name, predicate(expression, element_names(field.elements, name)))
    raise unknown_name(written)


def any_element(name: str, test: Predicate) -> Predicate:
    return lambda record: any(test(element) for element in record.get(name, ()))


def with_late_dates(expression: Expression) -> Expression:
    """The reported defect of one self-hosted system: `>=` on a day finds only what lies after that day."""
    match expression:
        case Comparison(field, ">=", Instant(text), negated):
            day = day_of(text) + timedelta(days=1)
            return Comparison(field, ">=", Instant(day_text(day)), negated)
        case Comparison():
            return expression
        case Not(inner):
            return Not(with_late_dates(inner))
        case And(parts):
            return And(tuple(with_late_dates(part) for part in parts))
        case Or(parts):
            return Or(tuple(with_late_dates(part) for part in parts))


def ordered(tenant: Tenant, table_name: str, rows: list[Record], order_by: str) -> list[Record]:
    """Sort by several keys, absent values first, equal ones by id.

    Raises: Refused (400) for an unknown name or a direction other than asc and desc.
    """
    names = Names(SHAPES[table_name], computed_fields(tenant, table_name))
    result = rows
    for key in reversed(order_by.split(",")):
        path, _, direction = key.strip().partition(" ")
        word = direction.strip().lower() or "asc"
        if word not in {"asc", "desc"}:
            raise bad_condition(f"'{direction.strip()}' is not a recognized sort direction.")
        _, read = names.find(path)

        def sort_key(record: Record, read: Callable[[Record], Any] = read) -> tuple[bool, Any]:
            value = read(record)
            if value is None:
                return (False, 0)
            return (
                True,
                value.casefold() if isinstance(value, str) else str(value) if isinstance(value, dict) else value,
            )

        result = sorted(result, key=sort_key, reverse=word == "desc")
    return result


def page_of(
    tenant: Tenant, table_name: str, rows: Iterable[Record], size: int, asked: ListRequest
) -> tuple[list[Record], int, int | None]:
    """The records of the page, how many match in all, and in forward-only mode the id the next page begins after."""
    test = matching(tenant, table_name, asked)
    if asked.forward_only:
        after = asked.page_id or 0
        later = (row for row in rows if row["id"] > after and (test is None or test(row)))
        found = list(islice(later, asked.page_size + 1))
        more = len(found) > asked.page_size
        page = found[: asked.page_size]
        return page, len(found), page[-1]["id"] if more else None
    start = (asked.page - 1) * asked.page_size
    is_ordered = bool(asked.order_by.strip())
    if not is_ordered and tenant.switches.unordered_lists == "newest_change_first":
        rows = sorted(rows, key=lambda row: (row["_info"]["lastUpdated"], row["id"]), reverse=True)
    if test is None and not is_ordered:
        return list(islice(rows, start, start + asked.page_size)), size, None
    chosen = list(rows) if test is None else [row for row in rows if test(row)]
    if is_ordered:
        chosen = ordered(tenant, table_name, chosen, asked.order_by)
    return chosen[start : start + asked.page_size], len(chosen), None


def shown(tenant: Tenant, table_name: str, root: str) -> Show:
    """How records of a table are answered: computed fields in, links added, hidden members out.

    `root` is the address up to and including `/apis/3.0`.
    """
    shape = SHAPES[table_name]
    computed = computed_fields(tenant, table_name)
    slash = "//" if tenant.switches.double_slash_hrefs else "/"
    base = root.replace("/apis/", f"{slash}apis/", 1) + "/"
    links = [
        (name, f"{name}_href", f"{base}{field.reference.href}/")
        for name, field in shape.fields.items()
        if field.reference is not None and field.reference.href
    ]
    references = [name for name, field in shape.fields.items() if field.reference is not None]
    empty = references if tenant.switches.empty_references else []

    def show(record: Record) -> Record:
        answer = dict(record)
        for name, href, start in links:
            reference = answer.get(name)
            if reference:
                answer[name] = {**reference, "_info": {href: f"{start}{reference['id']}"}}
        for name in empty:
            answer.setdefault(name, {})
        for name, read in computed.items():
            value = read(record)
            if value is not None:
                answer[name] = value
        if table_name == "agreement":
            href = f"{base}finance/agreements/{record['id']}/additions"
            answer["_info"] = {**record["_info"], "additions_href": href}
        return answer

    return show


def selection(shape: Shape, fields: str) -> Callable[[Record], Record]:
    """Cut answers down to the named fields; `status/id` keeps one member of a reference.

    Raises: Refused (400) for a name the record does not have.
    """
    wanted: dict[str, set[str] | None] = {}
    by_lower_name = {name.lower(): field for name, field in shape.fields.items()}
    for path in fields.split(","):
        first, _, member = path.strip().partition("/")
        if not first:
            continue
        field = by_lower_name.get(first.lower())
        if field is None:
            raise unknown_name(path.strip())
        if not member:
            wanted[field.name] = None
            continue
        inner = next((name for name in member_names(shape, field.name) if name.lower() == member.lower()), None)
        if inner is None:
            raise unknown_name(path.strip())
        chosen = wanted.setdefault(field.name, set())
        if chosen is not None:
            chosen.add(inner)
    return lambda record: {
        name: record[name] if members is None else cut(record[name], members)
        for name, members in wanted.items()
        if name in record
    }


def member_names(shape: Shape, name: str) -> Iterable[str]:
    field = shape.fields[name]
    if field.reference is not None:
        return (*field.reference.fields, "_info")
    if field.kind is Kind.INFO:
        return ("lastUpdated", "updatedBy", "dateEntered", "enteredBy")
    return tuple(field.elements)


def cut(value: Any, members: set[str]) -> Any:
    if isinstance(value, list):
        return [cut(element, members) for element in value]
    found: Mapping[str, Any] = value
    return {name: each for name, each in found.items() if name in members}
