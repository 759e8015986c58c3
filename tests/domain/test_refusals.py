"""Each refusal says why in one sentence, with the values that explain it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain import refusals
from domain.refusals import Refusal
from domain.values import (
    BillingMonth,
    Component,
    OrganizationId,
    PlanComponent,
    PlanId,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    RunId,
    Tenant,
)

AT = datetime(2026, 11, 5, 8, tzinfo=UTC)
GLOBEX = OrganizationId("globex")
CORE = PlanId("core")
AGREEMENT, COMPANY, PRODUCT = PsaAgreementId(7), PsaCompanyId(3), PsaProductId(9)
HERE, THERE = Tenant("na.example", "acme"), Tenant("eu.example", "acme")

SENTENCES: list[tuple[Refusal, str]] = [
    (refusals.OrganizationExists(GLOBEX), "organization globex exists already"),
    (refusals.UnknownOrganization(GLOBEX), "there is no organization globex"),
    (refusals.OrganizationIsClosed(GLOBEX, AT), "organization globex is closed from 2026-11-05T08:00:00Z on"),
    (
        refusals.OrganizationIsSelfManaged(GLOBEX),
        "organization globex manages itself; only one managed by the MSP can be mapped",
    ),
    (refusals.UnknownPlan("gold"), "the catalogue has no plan gold"),
    (
        refusals.PlanLacksComponent(CORE, Component.SERVER, AT),
        "plan core, in force at 2026-11-05T08:00:00Z, has no SERVER",
    ),
    (
        refusals.QuantityBelowZero(Component.LICENSE, AT, -2),
        "LICENSE would be -2 at 2026-11-05T08:00:00Z; a quantity is never below zero",
    ),
    (
        refusals.EffectiveInFuture(AT, AT),
        (
            "effective at 2026-11-05T08:00:00Z lies more than 5 minutes ahead; "
            "the latest accepted now is 2026-11-05T08:00:00Z"
        ),
    ),
    (
        refusals.EffectiveBeforeCreation(AT, AT),
        "nothing can be effective before the organization was created at 2026-11-05T08:00:00Z",
    ),
    (refusals.ChangeIdReused("c-1"), "change id c-1 was recorded before with other content"),
    (refusals.NotConnected(), "this MSP has no ConnectWise connected"),
    (refusals.AlreadyConnected(HERE), "this MSP is connected to na.example/acme; disconnect first"),
    (
        refusals.DifferentTenant(HERE, THERE),
        "the new keys belong to eu.example/acme; this connection is to na.example/acme",
    ),
    (refusals.ProductNotMapped(CORE, Component.SERVER), "SERVER of plan core is not mapped to a product"),
    (
        refusals.ProductMappingIncomplete((PlanComponent(CORE, Component.SERVER),)),
        "plan components in use have no product yet",
    ),
    (refusals.UnknownProduct(PRODUCT), "ConnectWise has no product 9"),
    (refusals.ProductIsInactive(PRODUCT, "SEAT"), "product SEAT is inactive in ConnectWise"),
    (refusals.ProductIsBundle(PRODUCT, "SEAT"), "product SEAT is a bundle; a bundle can not be an addition"),
    (refusals.IdentifierTaken("SEAT", PRODUCT), "ConnectWise already has a product SEAT; map it instead"),
    (refusals.AlreadyMapped(GLOBEX, COMPANY, AGREEMENT), "organization globex is mapped to agreement 7 already"),
    (refusals.NotMapped(GLOBEX), "organization globex is not mapped"),
    (refusals.UnknownCompany(COMPANY), "company 3 is not in the imported directory"),
    (refusals.UnknownAgreement(AGREEMENT), "agreement 7 is not in the imported directory"),
    (
        refusals.AgreementOfAnotherCompany(AGREEMENT, COMPANY, PsaCompanyId(4)),
        "agreement 7 belongs to company 4, not to 3",
    ),
    (refusals.AgreementIsGone(AGREEMENT), "agreement 7 is not in ConnectWise any more"),
    (refusals.CompanyIsGone(PsaCompanyId(3)), "company 3 is deleted or gone in ConnectWise"),
    (refusals.NothingToRestore(OrganizationId("o")), "organization o had no mapping that could be restored"),
    (refusals.AgreementHasEnded(AGREEMENT, "Cancelled"), "agreement 7 is Cancelled in ConnectWise"),
    (
        refusals.OrganizationIsExcluded(GLOBEX, "internal use"),
        "organization globex is excluded from billing through the PSA: internal use",
    ),
    (refusals.UnknownAddition(AGREEMENT, PRODUCT), "nothing is billed on agreement 7 with product 9"),
    (refusals.NotHeld(AGREEMENT, PRODUCT), "nothing is held on agreement 7 with product 9"),
    (
        refusals.NumbersMoved(Decimal("12.00"), Decimal("3.00")),
        "the held push is now from 12.00 to 3.00; look at it again",
    ),
    (refusals.NothingToRetry(AGREEMENT, PRODUCT), "there is no exception on agreement 7 with product 9"),
    (refusals.MonthHasNotBegun(BillingMonth(2026, 12)), "2026-12 has not begun"),
    (refusals.MonthIsNotClosed(BillingMonth(2026, 11)), "2026-11 is not closed yet"),
    (refusals.UnknownRun(RunId("r-1")), "there is no run r-1"),
    (refusals.RunIsOver(RunId("r-1")), "run r-1 is over"),
    (refusals.RunCannotBeUndone(RunId("r-1"), "it is a preview"), "run r-1 can not be undone: it is a preview"),
    (refusals.ConnectionIsNotActive("PAUSED"), "the connection is PAUSED; pushes need it ACTIVE"),
    (
        refusals.PreviewIsOutdated("abc"),
        "no preview with the digest abc stands for this month and scope; preview again",
    ),
    (refusals.InvalidInput("name", "too long"), "name: too long"),
    (refusals.IdempotencyKeyReused("k-1"), "idempotency key k-1 was used before for something else"),
]


@pytest.mark.parametrize(("refusal", "sentence"), SENTENCES, ids=lambda value: type(value).__name__)
def test_a_refusal_says_why(refusal: Refusal, sentence: str) -> None:
    assert sentence == str(refusal)


def test_every_refusal_has_its_sentence_checked() -> None:
    assert {type(refusal) for refusal, _ in SENTENCES} == set(Refusal.__subclasses__())


def test_refusals_are_equal_by_what_they_say() -> None:
    assert refusals.NotMapped(GLOBEX) == refusals.NotMapped(GLOBEX)
    assert refusals.NotMapped(GLOBEX) != refusals.NotMapped(OrganizationId("initech"))
    assert len({refusals.NotMapped(GLOBEX), refusals.NotMapped(GLOBEX)}) == 1
