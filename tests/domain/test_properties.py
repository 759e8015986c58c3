"""What holds for any order of reports and any sequence of pushes."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.addition import (
    ADDITION,
    AdditionFact,
    AdditionState,
    DropGuard,
    PushKind,
    PushOutcomeUnknown,
    PushStarted,
    UsagePushed,
    is_initial,
    settle_from_psa,
    start_push,
    verify_push,
)
from domain.organization import (
    ORGANIZATION,
    EffectiveChange,
    Given,
    OrganizationFact,
    billed_timelines,
    change_licenses,
    product_timeline,
    standings,
    usage_of_month,
)
from domain.quantity_rules import month_to_date, value_at
from domain.refusals import Refusal
from domain.values import (
    BillingMonth,
    ChangeId,
    Component,
    DriftPolicy,
    LicenseType,
    Management,
    PushId,
    Rule,
    same_quantity,
)
from tests.domain.additions import CONTRIBUTIONS, DEADLINE, RECORD, order
from tests.domain.organizations import (
    CORE,
    CREATED_AT,
    GLOBEX,
    LITE,
    MUCH_LATER,
    NO_TERMS,
    NOVEMBER,
    bought,
    created,
    handed,
    nodes,
    replanned,
    retyped,
    seats,
    shifted,
    shut,
)

INSTANTS = st.integers(0, 90 * 24).map(lambda hours: CREATED_AT + timedelta(hours=hours))
COMPONENTS = st.sampled_from(Component)


def changes_at(at: datetime) -> st.SearchStrategy[EffectiveChange]:
    return st.one_of(
        st.builds(
            lambda quantity, component: bought(quantity, at, component=component), st.integers(0, 20), COMPONENTS
        ),
        st.builds(lambda delta, of: shifted(delta, at, before=0, component=of), st.integers(-3, 9), COMPONENTS),
        st.builds(lambda plan: replanned(plan, at), st.sampled_from([CORE, LITE])),
        st.builds(lambda kind: retyped(kind, at), st.sampled_from(LicenseType)),
        st.builds(lambda hands: handed(hands, at), st.sampled_from(Management)),
        st.just(shut(at)),
    )


ORDERED = st.lists(INSTANTS.flatmap(changes_at), max_size=12, unique_by=lambda change: change.effective_at)


@given(ORDERED, st.randoms(use_true_random=False))
def test_changes_of_different_instants_may_be_recorded_in_any_order(
    changes: list[EffectiveChange], random: Random
) -> None:
    shuffled = list(changes)
    random.shuffle(shuffled)
    birth: list[OrganizationFact] = [created(at=CREATED_AT - timedelta(hours=1))]

    as_listed = reduce(ORGANIZATION.evolve, [*birth, *changes], ORGANIZATION.initial)
    otherwise = reduce(ORGANIZATION.evolve, [*birth, *shuffled], ORGANIZATION.initial)

    assert standings(as_listed) == standings(otherwise)
    assert as_listed.version == otherwise.version


@given(
    st.lists(
        st.tuples(COMPONENTS, st.sampled_from(Given), st.integers(-6, 12), INSTANTS),
        max_size=15,
    )
)
def test_accepted_changes_never_make_a_quantity_negative_and_refused_ones_change_nothing(
    offered: list[tuple[Component, Given, int, datetime]],
) -> None:
    state = ORGANIZATION.evolve(ORGANIZATION.initial, created())

    for number, (component, by, value, at) in enumerate(offered):
        before, seen = state, standings(state)
        try:
            facts = change_licenses(
                state,
                GLOBEX,
                change_id=ChangeId(f"c-{number}"),
                component=component,
                given=by,
                value=value,
                effective_at=at,
                now=MUCH_LATER,
                terms_at=NO_TERMS,
            )
        except Refusal:
            assert (before, seen) == (state, standings(state))
            continue
        state = reduce(ORGANIZATION.evolve, facts, state)

        assert all(quantity >= 0 for standing in standings(state) for quantity in standing.quantities.values())


@given(ORDERED, st.sampled_from(Rule), st.integers(0, 5))
def test_what_is_wanted_of_a_month_is_what_has_accrued_when_it_ends(
    changes: list[EffectiveChange], rule: Rule, minimum: int
) -> None:
    birth: list[OrganizationFact] = [created(at=CREATED_AT - timedelta(hours=1))]
    state = reduce(ORGANIZATION.evolve, [*birth, *changes], ORGANIZATION.initial)
    terms = (seats(rule, minimum), nodes(rule))

    wanted, without_product = usage_of_month(state, NOVEMBER, terms)

    assert without_product == ()
    timelines = billed_timelines(standings(state))
    for closed in wanted:
        items = next(term.items for term in terms if term.product == closed.product)
        timeline = product_timeline(timelines, items)
        accrued = month_to_date(timeline, NOVEMBER, rule, NOVEMBER.ends_at)
        was_used = month_to_date(timeline, NOVEMBER, Rule.PEAK, NOVEMBER.ends_at) > 0
        assert closed.quantity == (max(accrued, Decimal(closed.minimum)) if was_used else accrued)
        if rule is Rule.CURRENT and closed.minimum == 0:
            assert closed.quantity == value_at(timeline, NOVEMBER.ends_at - timedelta(microseconds=1))


# --- pushes ----------------------------------------------------------------------------------------------------

QUANTITIES = st.integers(0, 4000).map(lambda hundredths: Decimal(hundredths) / 100)
ENDS = st.sampled_from(["verified", "verified", "settled as written", "settled as not written", "unknown"])
KINDS = st.sampled_from([None, None, None, PushKind.OVERWRITE, PushKind.FINAL])
NEVER = DropGuard(0, 0)


@given(st.lists(st.tuples(KINDS, QUANTITIES, st.none() | QUANTITIES, ENDS, st.sampled_from(DriftPolicy)), max_size=20))
@settings(max_examples=300)
def test_opening_base_and_deltas_make_the_closing_base_and_what_the_psa_holds_is_what_was_verified(
    story: list[tuple[PushKind | None, Decimal, Decimal | None, str, DriftPolicy]],
) -> None:
    """One line, any wanted numbers, hand edits between the pushes, and writes that are cut off."""
    state, held, moved = AdditionState(), Decimal(0), Decimal(0)
    fold = ADDITION.evolve

    for number, (kind, wanted, edit, ending, policy) in enumerate(story):
        held = held if edit is None else edit
        due = kind or (PushKind.INITIAL if is_initial(state, 1) else PushKind.INCREMENTAL)
        base, was_unknown = state.base, state.is_outcome_unknown
        facts = start_push(
            state,
            order(due, wanted, month=BillingMonth(2026, 1 + number % 12), policy=policy, guard=NEVER),
            push=PushId(f"push-{number}"),
            record=RECORD,
            found=held,
            deadline=DEADLINE,
            connection_version=4,
            contributions=CONTRIBUTIONS,
        )
        state = reduce(fold, facts, state)
        started = state.open
        if started is None:
            assert state.base == base
            continue
        assert not (was_unknown and due is PushKind.INCREMENTAL)
        if due is PushKind.INCREMENTAL and started.target != held:
            assert started.target - held == wanted - base
        closing = _ending(state, started, ending)
        held = closing[1]
        state = reduce(fold, closing[0], state)
        if isinstance(closing[0][-1], UsagePushed):
            moved += started.wanted - started.base
            assert (state.base, same_quantity(held, started.target)) == (wanted, True)
        else:
            assert state.base == base

        assert moved == state.base


def _ending(state: AdditionState, started: PushStarted, ending: str) -> tuple[tuple[AdditionFact, ...], Decimal]:
    """How an open push ends, and what the PSA holds then."""
    assert started.found is not None
    if ending == "verified":
        facts = verify_push(state, started.push, record=RECORD, after=started.target, written=True)
        return facts, started.target
    held = {
        "settled as written": started.target,
        "settled as not written": started.found,
        "unknown": started.target + started.found + 1,
    }[ending]
    facts = settle_from_psa(state, started.push, record=RECORD, found=held)
    assert isinstance(facts[-1], PushOutcomeUnknown) == (ending == "unknown")
    return facts, held
