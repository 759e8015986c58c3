"""The schema as it is printed, and what every field of it must have."""

import strawberry

from api.fields import Guarded
from api.schema import SCHEMA_FILE, Mutation, Query, build_schema, printed


def test_the_printed_schema_is_the_one_in_the_repository() -> None:
    assert printed() == SCHEMA_FILE.read_text(encoding="utf-8"), "run python -m api.schema"


def test_every_field_of_query_and_mutation_names_its_roles() -> None:
    fields = [*_fields(Query), *_fields(Mutation)]

    unguarded = [field.name for field in fields if not any(isinstance(one, Guarded) for one in field.extensions)]

    assert len(fields) > 40
    assert unguarded == []


def test_every_mutation_takes_one_input_with_an_idempotency_key_and_answers_with_refusals() -> None:
    mutation = build_schema(introspection=True).as_str().split("type Mutation {")[1].split("\n}")[0]
    schema = build_schema(introspection=True)._schema  # the printed one has no types to walk

    names = []
    for name, field in schema.mutation_type.fields.items():  # type: ignore[union-attr]  # it has mutations
        names.append(name)
        assert list(field.args) == ["input"], name
        assert "idempotencyKey" in field.args["input"].type.of_type.fields, name
        members = {member.name for member in field.type.of_type.types}
        assert {"InvalidInput", "IdempotencyKeyReused"} <= members, name
    assert len(names) > 25
    assert mutation


def _fields(root: type) -> list[strawberry.types.field.StrawberryField]:
    return list(root.__strawberry_definition__.fields)  # type: ignore[attr-defined]  # strawberry puts it there
