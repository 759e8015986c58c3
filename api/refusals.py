"""Refusals as members of result unions: one GraphQL type for each, made from the domain's own dataclasses.

A refusal of the domain becomes a type of its own name with its fields and its sentence. The PSA's errors are told
apart by what the caller can do about them. Nothing is written twice: a new refusal in `domain/refusals.py` has its
type as soon as a mutation names it.
"""

import dataclasses
import types
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

import strawberry
from strawberry.utils.str_converters import to_camel_case

from connectwise import errors as psa
from connectwise.probe import ProbedRight
from connectwise.rights import Right
from domain import refusals as domain
from domain.refusals import IdempotencyKeyReused, InvalidInput, Refusal
from domain.values import Component, PlanComponent, Tenant


@strawberry.interface(name="Refusal", description="A rule, or the PSA, said no. Nothing was recorded.")
class RefusalType:
    message: str


@strawberry.type(name="Tenant", description="One ConnectWise PSA: its site and login company.")
class TenantType:
    site: str
    company_id: str


@strawberry.type(name="PlanComponent", description="One thing to map: a component of a plan.")
class PlanComponentType:
    plan: strawberry.ID
    component: Component


@strawberry.type(name="PsaRight", description="One cell of a ConnectWise security role, and where to tick it.")
class RightType:
    name: str
    module: str
    level: str
    menu_path: str


def right_type(right: Right) -> RightType:
    return RightType(name=right.function, module=right.module, level=right.level.value, menu_path=right.cure)


# The PSA's errors, by what the caller can do about them.


@strawberry.type(description="An address that is not called: http, a private network, a trick in the URL.")
class SiteRefused(RefusalType):
    pass


@strawberry.type(description="Somebody answers there, but it is no ConnectWise PSA; or nobody has that name.")
class WrongSite(RefusalType):
    pass


@strawberry.type(description="The site knows no such login company.")
class UnknownLoginCompany(RefusalType):
    pass


@strawberry.type(description="Company id, public key or private key are not accepted.")
class WrongKeys(RefusalType):
    pass


@strawberry.type(description="Our own clientId is refused: ours to cure, not the MSP's.")
class ClientIdRefused(RefusalType):
    pass


@strawberry.type(description="The API member's role lacks rights. Grant them in ConnectWise, then try again.")
class RightsMissing(RefusalType):
    rights: list[RightType]


@strawberry.type(description="ConnectWise does not have this record (any more).")
class PsaRecordNotFound(RefusalType):
    pass


@strawberry.type(description="ConnectWise refused the request, with its own reasons.")
class PsaRefusedRequest(RefusalType):
    reasons: list[str]


@strawberry.type(description="ConnectWise created the product under another identifier than asked for.")
class IdentifierChanged(RefusalType):
    product: int
    asked: str
    given: str


@strawberry.type(description="ConnectWise did not answer, or not usably. Try again later.")
class PsaUnreachable(RefusalType):
    pass


@strawberry.type(description="ConnectWise asks to stay away for a while.")
class ThrottledByPsa(RefusalType):
    retry_after_seconds: int


@strawberry.type(
    description="The request was sent and its outcome is unknown: look in ConnectWise before trying again."
)
class PsaOutcomeUnknown(RefusalType):
    pass


class MissingRights(psa.PsaError):
    """A connection test found Inquire rights denied."""

    def __init__(self, rights: tuple[ProbedRight, ...]) -> None:
        super().__init__("; ".join(f"{each.right}: {each.cure}" for each in rights))
        self.rights = tuple(each.right for each in rights)


PSA_TYPES: tuple[type[RefusalType], ...] = (
    SiteRefused,
    WrongSite,
    UnknownLoginCompany,
    WrongKeys,
    ClientIdRefused,
    RightsMissing,
    PsaRecordNotFound,
    PsaRefusedRequest,
    PsaUnreachable,
    ThrottledByPsa,
)
"""What any mutation may answer that talks to the PSA."""


def psa_refusal(error: psa.PsaError) -> RefusalType:
    text = error.message
    match error:
        case MissingRights():
            return RightsMissing(message=text, rights=[right_type(right) for right in error.rights])
        case psa.RightMissing():
            return RightsMissing(message=text, rights=[right_type(error.right)])
        case psa.SiteRefused():
            return SiteRefused(message=text)
        case psa.WrongSite():
            return WrongSite(message=text)
        case psa.UnknownCompany():
            return UnknownLoginCompany(message=text)
        case psa.WrongKeys():
            return WrongKeys(message=text)
        case psa.ClientIdRefused():
            return ClientIdRefused(message=text)
        case psa.NotFound():
            return PsaRecordNotFound(message=text)
        case psa.RequestRefused():
            return PsaRefusedRequest(message=text, reasons=[reason.message for reason in error.reasons])
        case psa.IdentifierChanged():
            return IdentifierChanged(message=text, product=error.product_id, asked=error.asked, given=error.given)
        case psa.Throttled():
            return ThrottledByPsa(message=text, retry_after_seconds=round(error.seconds))
        case psa.OutcomeUnknown():
            return PsaOutcomeUnknown(message=text)
        case _:
            return PsaUnreachable(message=text)


# The domain's refusals.


_SHOWN_AS: dict[Any, Any] = {Tenant: TenantType, PlanComponent: PlanComponentType}


def _graphql_hint(hint: Any) -> Any:
    """How a field of a refusal is shown: ids of ours as ID, record numbers of the PSA as Int."""
    if isinstance(hint, NewType):
        return strawberry.ID if hint.__supertype__ is str else int
    if get_origin(hint) is tuple:
        return list[_graphql_hint(get_args(hint)[0])]  # type: ignore[misc]  # built at run time
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (each for each in get_args(hint) if each is not type(None))
        return _graphql_hint(inner) | None
    return _SHOWN_AS.get(hint, hint)


def _graphql_value(value: Any) -> Any:
    match value:
        case Tenant():
            return TenantType(site=value.site, company_id=value.company_id)
        case PlanComponent():
            return PlanComponentType(plan=strawberry.ID(value.plan), component=value.component)
        case tuple():
            return [_graphql_value(each) for each in value]
        case _:
            return value


def _made_from(refusal: type[Refusal]) -> type[RefusalType]:
    hints = get_type_hints(refusal)
    fields = [(each.name, _graphql_hint(hints[each.name])) for each in dataclasses.fields(refusal)]  # type: ignore[arg-type]  # every refusal is a dataclass
    made = dataclasses.make_dataclass(
        refusal.__name__, fields, bases=(RefusalType,), namespace={"__module__": __name__}
    )
    return strawberry.type(made)


_MADE: dict[type[Refusal], type[RefusalType]] = {
    cls: _made_from(cls)
    for cls in vars(domain).values()
    if isinstance(cls, type) and issubclass(cls, Refusal) and cls is not Refusal
}


def one_of(name: str, succeeded: type[Any], *refusals: type[Refusal]) -> Any:
    """The union of what one item of a bulk call is answered with, as an annotation for `strawberry.field`."""
    return _union(name, (succeeded, *(_MADE[each] for each in dict.fromkeys(refusals))))


def _union(name: str, members: tuple[type[Any], ...]) -> Any:
    return Annotated[reduce(or_, members), strawberry.union(name)]


def refusal_types() -> tuple[type[RefusalType], ...]:
    """Every refusal type, so that the schema shows also those that no union names."""
    return (*_MADE.values(), *PSA_TYPES, IdentifierChanged, PsaOutcomeUnknown)


def as_graphql(error: Refusal | psa.PsaError) -> RefusalType:
    """The union member that stands for a refusal."""
    if isinstance(error, psa.PsaError):
        return psa_refusal(error)
    if isinstance(error, InvalidInput):
        # The domain names a setting as Python does; the caller knows it as GraphQL writes it.
        error = InvalidInput(to_camel_case(error.field), error.reason)
    values = {each.name: _graphql_value(getattr(error, each.name)) for each in dataclasses.fields(error)}  # type: ignore[arg-type]  # every refusal is a dataclass
    make: Callable[..., RefusalType] = _MADE[type(error)]
    return make(message=str(error), **values)


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """A result union: `annotation` for the schema, `members` to see whether it can tell a refusal."""

    annotation: Any
    members: frozenset[type[Any]]


def result(
    name: str,
    succeeded: type[Any],
    *refusals: type[Refusal],
    psa: bool = False,
    also: tuple[type[RefusalType], ...] = (),
) -> Result:
    """The union of what a mutation answers. Every mutation may refuse its input or a reused idempotency key."""
    made = [_MADE[each] for each in dict.fromkeys((*refusals, InvalidInput, IdempotencyKeyReused))]
    members = (succeeded, *made, *(PSA_TYPES if psa else ()), *also)
    return Result(_union(name, members), frozenset(members))


def is_told_by(told: Result, refusal: RefusalType) -> bool:
    return type(refusal) in told.members
