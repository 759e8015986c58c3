"""Every fact the ledger can record, as the one codec that all processes use.

Derived from the domain's unions: a fact added there is registered by that alone. When a stored shape changes, raise the
class's `SCHEMA` and add the function that lifts the old data here; stored facts are never rewritten.
"""

from types import MappingProxyType

from domain.addition import AdditionFact
from domain.company_mapping import CompanyMappingFact
from domain.connection import ConnectionFact
from domain.organization import OrganizationFact
from domain.run import RunFact
from domain.streams import StreamKind
from journal.codec import Codec, Upcaster

UPCASTERS: MappingProxyType[tuple[str, int], Upcaster] = MappingProxyType({})

FACTS = MappingProxyType(
    {
        StreamKind.CONNECTION: ConnectionFact,
        StreamKind.ORGANIZATION: OrganizationFact,
        StreamKind.COMPANY_MAPPING: CompanyMappingFact,
        StreamKind.ADDITION: AdditionFact,
        StreamKind.RUN: RunFact,
    }
)

CODEC = Codec(FACTS, UPCASTERS)
