"""Talking GraphQL as one person or program does: with a bearer token, over HTTP, and patiently.

Every mutation carries an idempotency key that stays the same when it is repeated, so a request whose answer was lost
(because a process was killed, say) can be sent again without doing its work twice.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.web import Patience, ask

Json = dict[str, Any]
PATIENCE = Patience(seconds=60.0, pause=0.2)
VIEWS_BEHIND = "ViewsBehind"
"""Recorded, but not shown yet: a projector is being restarted. Asking again under the same key is the cure."""


class QueryFailed(Exception):
    """The API answered with errors. `code` is the first one's, such as a refusal's name."""

    def __init__(self, errors: list[Json]) -> None:
        first = errors[0]
        super().__init__("; ".join(str(error.get("message")) for error in errors))
        self.code = str(first.get("extensions", {}).get("code", ""))
        self.values: Json = first.get("extensions", {}).get("values", {})


class MutationRefused(Exception):
    """A mutation was refused where it was expected to succeed."""

    def __init__(self, name: str, refusal: Json) -> None:
        super().__init__(f"{name} was refused: {refusal['__typename']}: {refusal.get('message')}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Ledger:
    """The API as one holder of a token sees it."""

    api_url: str
    token: str = field(repr=False)
    msp: str | None = None
    """Named in every input of a mutation when the token is for all MSPs."""
    patience: Patience = PATIENCE

    def query(self, text: str, **variables: object) -> Json:
        """The `data` of the answer, asked again while the views are behind.

        Raises: QueryFailed; cli.web.Refused, NoAnswer.
        """
        give_up_at = self.patience.now() + self.patience.seconds
        while True:
            answer: Json = ask(
                "POST",
                f"{self.api_url}/graphql",
                {"query": text, "variables": variables},
                headers={"Authorization": f"Bearer {self.token}"},
                patience=self.patience,
            )
            if not answer.get("errors"):
                data: Json = answer["data"]
                return data
            failed = QueryFailed(answer["errors"])
            if failed.code != VIEWS_BEHIND or self.patience.now() >= give_up_at:
                raise failed
            self.patience.sleep(self.patience.pause)

    def answer(self, name: str, given: Mapping[str, object], shown: str = "", *, input_type: str | None = None) -> Json:
        """What a mutation answers, a refusal included; tell them apart by `__typename`.

        `shown` selects from the members of the union, as in `... on ConnectionChanged { connection { status } }`.
        """
        made = input_type or f"{name[0].upper()}{name[1:]}Input"
        owner = {} if self.msp is None else {"msp": self.msp}
        text = (
            f"mutation ($input: {made}!) {{ answer: {name}(input: $input)"
            f" {{ __typename ... on Refusal {{ message }} {shown} }} }}"
        )
        key = {"idempotencyKey": f"cli-{secrets.token_hex(12)}"}
        found: Json = self.query(text, input={**owner, **key, **given})["answer"]
        return found

    def do(self, name: str, given: Mapping[str, object], shown: str = "", *, input_type: str | None = None) -> Json:
        """What a mutation answers. Raises: MutationRefused when the answer is a refusal."""
        found = self.answer(name, given, shown, input_type=input_type)
        if "message" in found:
            raise MutationRefused(name, found)
        return found
