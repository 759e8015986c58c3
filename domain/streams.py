"""Names of the five kinds of streams, and the identity that forbids doubles.

A stream's id is the UUIDv5 of its natural key, so two processes that mean the same addition mean the same stream.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Generic, TypeVar
from uuid import UUID, uuid5

from domain.values import MspId, OrganizationId, PsaAgreementId, PsaProductId, RunId, Tenant

NAMESPACE = UUID("6d1f3a52-5c0e-5b0a-9a43-6a1f0a1f9c11")
"""Chosen once; changing it would orphan every recorded stream."""


class StreamKind(StrEnum):
    CONNECTION = "connection"
    ORGANIZATION = "organization"
    COMPANY_MAPPING = "company-mapping"
    ADDITION = "addition"
    RUN = "run"


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """A stream by its natural key: the MSP and, within it, the texts that name the thing.

    >>> organization_stream(MspId("acme"), OrganizationId("globex")).id
    UUID('4d234fd8-c516-54af-9313-92cd3a40e827')
    """

    kind: StreamKind
    msp: MspId
    key: tuple[str, ...] = ()

    @property
    def id(self) -> UUID:
        return _id(self)


@lru_cache(maxsize=100_000)
def _id(stream: Stream) -> UUID:
    """Worked out once: that takes longer than all else that is done with a stream's name."""
    return uuid5(NAMESPACE, json.dumps([stream.kind, stream.msp, *stream.key], ensure_ascii=False))


def connection_stream(msp: MspId) -> Stream:
    return Stream(StreamKind.CONNECTION, msp)


def organization_stream(msp: MspId, organization: OrganizationId) -> Stream:
    return Stream(StreamKind.ORGANIZATION, msp, (organization,))


def company_mapping_stream(msp: MspId, organization: OrganizationId) -> Stream:
    return Stream(StreamKind.COMPANY_MAPPING, msp, (organization,))


def addition_stream(msp: MspId, tenant: Tenant, agreement: PsaAgreementId, product: PsaProductId) -> Stream:
    return Stream(StreamKind.ADDITION, msp, (tenant.site, tenant.company_id, str(agreement), str(product)))


def run_stream(msp: MspId, run: RunId) -> Stream:
    return Stream(StreamKind.RUN, msp, (run,))


S = TypeVar("S")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S, F]):
    """How the facts of one kind of stream fold into its state.

    `evolve` never refuses: what was recorded has happened.
    """

    kind: StreamKind
    initial: S
    evolve: Callable[[S, F], S]
