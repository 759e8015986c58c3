"""A random history, told step by step to a real ledger and to the model; after each step they are compared.

A step is an act of the platform or an admin, a hand edit, a fault, a crash, a restart, a pause, a lost connection or a
leap of the clock. Faults and crashes are lived through to their end within their step, so that the model, which knows
none of them, says what must have become of it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from domain.addition import Answer, PushHeld, PushOutcomeUnknown, PushStarted, UsagePushed
from domain.connection import confirm_product_mapping
from domain.refusals import RunIsOver
from domain.run import RUN, RunCancelled, RunKind, cancel_run
from domain.streams import run_stream
from domain.values import BillingMonth, DriftPolicy, PlanComponent, PsaAgreementId, PsaProductId, RunId
from journal.application import Journal
from journal.reconstruct import reconstruct
from journal.registry import CODEC
from projections.follower import all_views
from tests.model.reference import Closing, Creation, Licenses, NewManagement, NewPlan, NewType
from tests.model.world import HALF_AN_HOUR, Act, CompanyMapping, ProductMapping, ProductRule, Reported, bounds
from tests.projections.dump import dump
from tests.scenarios.acts import driven_by, give_new_keys, heal, revoke_keys
from tests.torture.chances import MachineOfChances, precondition, rule
from tests.torture.driver import ITEMS, PLANS, do, hundredths
from tests.torture.expected import Expected, LineKey, Month, final_run, month_of
from tests.torture.platform import Message, message, platform_of
from tests.torture.stepping import die, work_until_met
from tests.workers.causes import follow_every_cause
from tests.workers.system import MSP, System, open_system
from workers.actors import answers

BEGINNINGS = [
    datetime.fromisoformat(text)
    for text in ("2026-11-29T12:00:00Z", "2027-12-30T08:00:00Z", "2028-02-28T12:00:00Z", "2026-06-15T00:00:00Z")
]
"""Around ordinary month ends, the end of a year, and a leap February."""
ORGANIZATIONS = ("globex", "initech", "umbrella")
STEPS_OF_A_HISTORY = 50
REPLAYED_EVERY = 20
MINUTES = st.sampled_from([0, 0, 0, -1, -60, -60 * 24 * 3, -60 * 24 * 40, 4, 5, 6])
"""How late, or how early, something is reported."""
PACES = st.sampled_from([timedelta(hours=20), timedelta(days=3), timedelta(days=9), timedelta(0)])
"""How much time passes after each report and mapping, so that most histories see several months end."""

NewLedger = Callable[[], Any]


class Torture(MachineOfChances):
    """`ledger` gives a context manager of a migrated, empty database's URL."""

    ledger: ClassVar[NewLedger]
    at: ClassVar[tuple[datetime, ...]] = tuple(BEGINNINGS)
    steps_done: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.steps = 0
        self.told: list[str] = []
        self.sent: list[Message] = []
        self.runs: list[str] = []
        """Those of this connection that an admin asked for."""
        self.delivered: list[tuple[str, tuple[str | int, ...]]] = []
        self.pace = timedelta(0)

    @initialize(
        at=st.sampled_from(BEGINNINGS),
        pace=PACES,
        policy=st.sampled_from(["OVERWRITE", "KEEP", "HOLD"]),
        is_answer_lost=st.booleans(),
        data=st.data(),
    )
    def begin(self, at: datetime, pace: timedelta, policy: str, is_answer_lost: bool, data: st.DataObject) -> None:
        """The answer to the very first create may be lost: later ones are few, since lines stay."""
        self.open(at)
        self._settings(policy, 0)
        self._set_up(data)
        for organization in ORGANIZATIONS[:2]:
            self._act(Reported(organization, Creation(at, "network-core", PLANS["network-core"], "PAID", "MSP")))
            self._act(Reported(organization, Licenses(at, "LICENSE", "QUANTITY", data.draw(st.integers(0, 12)))))
            self._act(CompanyMapping(organization, self.agreements[0]))
        if is_answer_lost:
            self._lose_the_answer_to_a_create("cut", {"when": "after"})
        self._compare()
        self.pace = pace

    def open(self, at: datetime) -> None:
        """A ledger and a model whose MSP has connected and mapped nothing yet."""
        url = self.stack.enter_context(type(self).ledger())
        opened = self.stack.enter_context(open_system(url, at))
        self.system: System = driven_by(opened, opened.tools, self._notice)
        self.agreements = (int(self.system.agreement), int(self.system.other_agreement))
        self.products = (
            int(self.system.license_product),
            int(self.system.server_product),
            int(self.system.spare_product),
        )
        directory = Path(self.stack.enter_context(TemporaryDirectory(prefix="psa-ledger-torture-")))
        self.platform = self.stack.enter_context(platform_of(opened, directory))
        self.model = Expected(at)
        self.system.connect()
        self.system.change_settings(drop_guard_percent=0)

    def _set_up(self, data: st.DataObject) -> None:
        for item in ITEMS:
            self._act(ProductMapping(item, data.draw(st.sampled_from(self.products))))
        for product in sorted(set(self.model.world.mapped_items().values())):
            drawn = data.draw(st.sampled_from(["CURRENT", "PEAK", "AVERAGE"]))
            self._act(ProductRule(product, drawn, data.draw(st.sampled_from([0, 0, 5]))))
        self.confirm()

    # --- acts --------------------------------------------------------------------------------------------------

    organization = st.sampled_from(ORGANIZATIONS)

    @rule(
        weight=6,
        organization=organization,
        component=st.sampled_from(["LICENSE", "LICENSE", "SERVER"]),
        given=st.sampled_from(["QUANTITY", "DELTA", "DELTA"]),
        value=st.integers(-5, 12),
        minutes=MINUTES,
    )
    def report_licenses(self, organization: str, component: str, given: Any, value: int, minutes: int) -> None:
        self.step(Reported(organization, Licenses(self._effective(minutes), component, given, value)))

    @rule(
        organization=organization,
        value=st.integers(-5, 12),
        at_end=st.booleans(),
        slip=st.sampled_from([-1, 0, 1]),
    )
    def report_at_the_edge_of_a_month(self, organization: str, value: int, at_end: bool, slip: int) -> None:
        edge = bounds(*month_of(self.model.now))[at_end] + timedelta(microseconds=slip)
        self.step(Reported(organization, Licenses(edge, "LICENSE", "DELTA", value)))

    @rule(
        weight=2,
        organization=organization,
        value=st.sampled_from([1, 3, -1, 5]),
        part=st.sampled_from([1, 101, 197, 199]),
    )
    def report_at_an_odd_two_hundredth_of_a_month(self, organization: str, value: int, part: int) -> None:
        """There an average lies half a hundredth above another, if all else lasts whole months."""
        begins_at, ends_at = bounds(*month_of(self.model.now))
        at = begins_at + part * (ends_at - begins_at) / 200
        self.step(Reported(organization, Licenses(at, "LICENSE", "DELTA", value)))

    @rule(weight=2, organization=organization, plan=st.sampled_from(sorted(PLANS)), minutes=MINUTES)
    def change_plan(self, organization: str, plan: str, minutes: int) -> None:
        self.step(Reported(organization, NewPlan(self._effective(minutes), plan, PLANS[plan])))

    @rule(organization=organization, kind=st.sampled_from(["PAID", "PAID", "TRIAL", "NFR"]), minutes=MINUTES)
    def change_license_type(self, organization: str, kind: str, minutes: int) -> None:
        self.step(Reported(organization, NewType(self._effective(minutes), kind)))

    @rule(organization=organization, hands=st.sampled_from(["MSP", "MSP", "SELF"]), minutes=MINUTES)
    def change_management(self, organization: str, hands: str, minutes: int) -> None:
        self.step(Reported(organization, NewManagement(self._effective(minutes), hands)))

    @rule(organization=organization, plan=st.sampled_from(sorted(PLANS)), minutes=MINUTES)
    def create_organization(self, organization: str, plan: str, minutes: int) -> None:
        self.step(Reported(organization, Creation(self._effective(minutes), plan, PLANS[plan], "PAID", "MSP")))

    @precondition(lambda self: self._draws_rarely())
    @rule(organization=organization, minutes=MINUTES)
    def close_organization(self, organization: str, minutes: int) -> None:
        self.step(Reported(organization, Closing(self._effective(minutes))))

    @rule(
        weight=3,
        organization=organization,
        where=st.sampled_from([0, 0, 1, None]),
        is_move=st.booleans(),
        leaving=st.sampled_from(["UNTOUCHED", "ZERO"]),
    )
    def map_company(self, organization: str, where: int | None, is_move: bool, leaving: str) -> None:
        agreement = self.agreements[where] if where is not None else None
        self.step(CompanyMapping(organization, agreement, is_move), leaving)

    @rule(
        weight=2,
        item=st.sampled_from(ITEMS),
        which=st.sampled_from([0, 1, 2, 0, 1, None]),
        leaving=st.sampled_from(["UNTOUCHED", "ZERO"]),
    )
    def map_product(self, item: tuple[str, str], which: int | None, leaving: str) -> None:
        self.step(ProductMapping(item, self.products[which] if which is not None else None), leaving)

    @rule(
        which=st.integers(0, 2),
        drawn=st.sampled_from(["CURRENT", "PEAK", "AVERAGE"]),
        minimum=st.sampled_from([0, 0, 5]),
    )
    def set_rule(self, which: int, drawn: str, minimum: int) -> None:
        self.step(ProductRule(self.products[which], drawn, minimum))

    @rule(
        policy=st.sampled_from(["OVERWRITE", "KEEP", "HOLD"]),
        hold_days=st.sampled_from([0, 0, 0, 2]),
        guard=st.sampled_from([(0, 10), (50, 10), (80, 1), (100, 0)]),
    )
    def change_settings(self, policy: str, hold_days: int, guard: tuple[int, int] = (0, 10)) -> None:
        self._settings(policy, hold_days, guard)
        self._compare()

    def _settings(self, policy: str, hold_days: int, guard: tuple[int, int] = (0, 10)) -> None:
        self.told.append(f"{self.model.now:%m-%d %H:%M} policy {policy}, hold {hold_days} days, guard {guard}")
        percent, units = guard
        self.system.change_settings(
            drop_guard_percent=percent, drop_guard_units=units, drift_policy=DriftPolicy(policy), hold_days=hold_days
        )
        self.model.policy, self.model.hold_days, self.model.guard = policy, hold_days, guard

    @precondition(lambda self: self._may_push())
    @rule()
    def sync_now(self) -> None:
        self._read_the_clock()
        self.sync(month_of(self.model.now))

    @precondition(lambda self: self._may_push() and self.model.closes())
    @rule(data=st.data())
    def overwrite_a_closed_month(self, data: st.DataObject) -> None:
        closed = data.draw(st.sampled_from(self.model.closes()))
        self._read_the_clock()
        self.sync((closed.year, closed.month))

    def sync(self, month: Month) -> None:
        run = self.system.sync_now(BillingMonth(*month))
        self.told.append(f"{self.model.now:%m-%d %H:%M} sync now {month}, {run}")
        self.runs.append(run)
        self.model.sync(month, run)
        self._compare()

    @precondition(lambda self: self._may_push() and self._held_lines())
    @rule(weight=3, data=st.data(), answer=st.sampled_from(["OVERWRITE", "KEEP", "LEAVE"]))
    def answer_what_is_held(self, data: st.DataObject, answer: str) -> None:
        key = data.draw(st.sampled_from(self._held_lines()))
        hold = self.model.lines[key].hold
        assert hold is not None
        self.answer(key, answer if hold.reason == "HAND_EDIT" else "APPROVE")

    @precondition(lambda self: self._may_push() and self._runs_to_undo())
    @rule(weight=2, data=st.data())
    def undo_a_run(self, data: st.DataObject) -> None:
        """Any run of this connection, undos among them; the newest ones are drawn more often, or little is left."""
        runs = self._runs_to_undo()
        self.undo(data.draw(st.sampled_from([*runs, *runs[-2:], runs[-1]])))

    def undo(self, undone: str) -> None:
        self._read_the_clock()
        month = self._month_of(undone)
        run = self.system.sync_now(month, kind=RunKind.UNDO, undoes=self._run_id(undone))
        self.told.append(f"{self.model.now:%m-%d %H:%M} undo {undone}, {run}")
        self.runs.append(run)
        self.model.undo(undone, run)
        self._compare()

    @precondition(lambda self: self._is_far_from_the_month_end())
    @rule(point=st.integers(0, 14))
    def cancel_a_sync_on_its_way(self, point: int) -> None:
        """What was begun is finished, nothing else is begun; which lines that was is told by their facts alone."""
        self._read_the_clock()
        month = month_of(self.model.now)
        run = self.system.sync_now(BillingMonth(*month))
        self.told.append(f"{self.model.now:%m-%d %H:%M} {run} cancelled at {point}")
        self.runs.append(run)
        steps = work_until_met(self.system, point, lambda _steps: self._cancel(run))
        if not steps.was_met:
            self._cancel(run)
        self.model.sync(month, run, only=self._begun(run))
        self._recover()
        self._compare()

    def _cancel(self, run: RunId) -> None:
        with suppress(RunIsOver):
            self.system.journal.execute(
                RUN, run_stream(MSP, run), lambda state: cancel_run(state, run), self.system.origin()
            )

    def _begun(self, run: RunId) -> set[LineKey]:
        """The lines that a run started to push or held; none of them after it was cancelled."""
        cancelled = [
            entry.position
            for entry in self.system.journal.entries(run_stream(MSP, run))
            if isinstance(entry.fact, RunCancelled)
        ]
        begun = {
            (agreement, product): entry.position
            for agreement in self.agreements
            for product in self.products
            for entry in self.system.journal.entries(
                self.system.stream(PsaProductId(product), PsaAgreementId(agreement))
            )
            if isinstance(entry.fact, PushStarted | PushHeld) and entry.fact.run == run
        }
        assert not cancelled or all(position < cancelled[0] for position in begun.values()), (begun, self.told)
        return set(begun)

    def answer(self, key: LineKey, answer: str) -> None:
        self.told.append(f"{self.model.now:%m-%d %H:%M} answer {key} {answer}")
        replace(self.system, agreement=PsaAgreementId(key[0])).approve(PsaProductId(key[1]), Answer(answer))
        self.model.answer(key, answer)
        self._compare()

    # --- ConnectWise and the machinery -------------------------------------------------------------------------

    @precondition(lambda self: bool(self.model.held()))
    @rule(weight=4, data=st.data(), quantity=st.integers(0, 30))
    def edit_some_line_by_hand(self, data: st.DataObject, quantity: int) -> None:
        self.edit_by_hand(data.draw(st.sampled_from(sorted(self.model.held()))), quantity)

    def edit_by_hand(self, key: LineKey, quantity: int) -> None:
        self.told.append(f"hand edit {key} {quantity}")
        self.system.psa.hand_edit(*key, quantity)
        self.model.hand_edit(key, 100 * quantity)
        self._compare()

    @precondition(lambda self: self._is_far_from_the_month_end())
    @rule(
        weight=5,
        organization=organization,
        value=st.integers(1, 9),
        fault=st.sampled_from(
            [
                ("cut", {"when": "before"}),
                ("cut", {"when": "after"}),
                ("cut", {"when": "after"}),
                ("error", {"status": 500, "body": "json"}),
                ("error_after", {"status": 502, "body": "html"}),
                ("error_after", {"status": 502, "body": "html"}),
                ("throttle", {"retry_after": 1}),
                ("truncated", {}),
            ]
        ),
        method=st.sampled_from(["PATCH", "PATCH", "PATCH", "POST", "GET", None]),
        skip=st.sampled_from([0, 0, 0, 1, 2]),
        drift=st.sampled_from([0, 7, 7]),
    )
    def report_licenses_under_a_fault_after_a_drift(
        self,
        *,
        organization: str,
        value: int,
        fault: tuple[str, dict[str, Any]],
        method: str | None,
        skip: int,
        drift: int,
    ) -> None:
        """Without a drift a doubled delta would hide: what is found is what is wanted then."""
        for key, held in sorted(self.model.held().items()) if drift else ():
            self.edit_by_hand(key, held // 100 + drift)
        self.report_licenses_under_a_fault(organization, value, fault, method, skip)

    def report_licenses_under_a_fault(
        self, organization: str, value: int, fault: tuple[str, dict[str, Any]], method: str | None, skip: int
    ) -> None:
        kind, detail = fault
        self.told.append(f"fault {kind} {detail} {method} skip {skip}")
        aimed = {"endpoint": "*/additions*", **({"method": method} if method else {})}
        self.system.psa.fault(kind, count=1, skip=skip, **aimed, **detail)
        act = Reported(organization, Licenses(self.model.now, "LICENSE", "DELTA", value))
        self._act(act)
        self.system.settle()
        self._recover()
        self._compare()

    @precondition(lambda self: self._is_far_from_the_month_end())
    @rule(
        weight=2,
        organization=organization,
        where=st.integers(0, 1),
        fault=st.sampled_from([("cut", {"when": "after"}), ("error_after", {"status": 502, "body": "html"})]),
    )
    def map_company_and_lose_the_answer(self, organization: str, where: int, fault: tuple[str, dict[str, Any]]) -> None:
        """A create of which nobody knows at first whether it came through."""
        self._act(CompanyMapping(organization, self.agreements[where], is_move=True), "ZERO")
        self._lose_the_answer_to_a_create(*fault)
        self._compare()

    def _lose_the_answer_to_a_create(self, kind: str, detail: dict[str, Any]) -> None:
        """Of those that are due now, if any."""
        self.told.append(f"answer to a create lost by {kind}")
        self.system.psa.fault(kind, count=1, method="POST", endpoint="*/additions*", **detail)
        self.system.settle()
        self._recover()

    @precondition(lambda self: self._is_far_from_the_month_end())
    @rule(weight=2, organization=organization, value=st.integers(1, 9), point=st.integers(0, 12))
    def report_licenses_and_crash(self, organization: str, value: int, point: int) -> None:
        self.told.append(f"crash at {point}")
        act = Reported(organization, Licenses(self.model.now, "LICENSE", "DELTA", value))
        self._act(act)
        work_until_met(self.system, point, die)
        self._recover()
        self._compare()

    @rule()
    def restart_the_workers(self) -> None:
        """Everything kept in memory is gone, and so are leases and back-offs."""
        self.told.append("restart")
        journal = self.stack.enter_context(Journal(self.system.url, CODEC, pool_size=2))
        self.system = driven_by(self.system, replace(self.system.tools, journal=journal), self._notice)
        with self.system.tools.pool.connection() as connection:
            connection.execute("DELETE FROM leases")
            # Which acts moved nothing is kept: without it they would count after an overwrite of another month.
            connection.execute("UPDATE push_attempts SET tries = 0, not_before = '-infinity', sweep_at = '-infinity'")
        self._compare()

    @rule()
    def deliver_the_last_messages_again(self) -> None:
        """With the leases of then, as a broker would that missed the acknowledgement."""
        self.told.append("deliver again")
        doing = answers(self.system.tools)
        for job, arguments in self.delivered[-3:]:
            doing[job](*arguments)
        self._compare()

    @rule(data=st.data())
    def report_something_again(self, data: st.DataObject) -> None:
        """At least once means that it may come twice, however late; it counts once."""
        sent = data.draw(st.sampled_from(self.sent))
        self.told.append(f"again: {sent.given}")
        head = self.system.journal.head()
        assert self.platform.send(sent) is None, self.told
        assert head == self.system.journal.head(), self.told
        self._compare()

    @rule(data=st.data(), organization=organization)
    def report_something_else_under_a_used_id(self, data: st.DataObject, organization: str) -> None:
        used = data.draw(st.sampled_from(self.sent))
        if "changes" not in used.given:
            return
        change = {**used.given["changes"][0], "organization": organization, "quantity": 777}
        change.pop("delta", None)
        head = self.system.journal.head()
        assert "ChangeIdReused" == self.platform.send(Message(used.query, {"changes": [change]})), self.told
        assert head == self.system.journal.head(), self.told

    @precondition(lambda self: self.model.is_connected and self.model.is_confirmed and not self.model.is_paused)
    @rule()
    def pause(self) -> None:
        self.told.append("pause")
        self.system.pause()
        self.model.is_paused = True
        self._compare()

    @precondition(lambda self: self.model.is_paused)
    @rule(weight=12)
    def resume(self) -> None:
        """Soon, or most of a history would be told to a ledger that does nothing."""
        self.told.append("resume")
        self.system.resume()
        self.model.is_paused = False
        self._compare()

    @precondition(lambda self: self._may_push() and self._is_far_from_the_month_end())
    @rule(organization=organization, value=st.integers(1, 9), days=st.sampled_from([0, 2, 6, 40]))
    def lose_the_keys_and_find_them(self, organization: str, value: int, days: int) -> None:
        """While ConnectWise refuses the keys everything waits; meanwhile the clock moves on."""
        self.told.append(f"keys lost for {days} days")
        revoke_keys(self.system)
        act = Reported(organization, Licenses(self.model.now, "LICENSE", "DELTA", value))
        self._act(act)
        self.system.settle()
        self._move(self.model.now + timedelta(days=days))
        self.system.settle()
        give_new_keys(self.system)
        self._recover()
        self._compare()

    @precondition(lambda self: self._draws_rarely())
    @rule(data=st.data(), days=st.sampled_from([0, 0, 3]))
    def disconnect_and_connect_again(self, data: st.DataObject, days: int) -> None:
        self.told.append(f"disconnected for {days} days")
        if not self.model.is_connected:
            return
        self.system.disconnect()
        self.model.disconnect()
        self.runs.clear()
        self.system.settle()
        self._move(self.model.now + timedelta(days=days))
        self.system.settle()
        self.system.connect()
        self.model.connect()
        self._set_up(data)
        for organization in list(self.model.organizations):
            self._act(CompanyMapping(organization, data.draw(st.sampled_from(self.agreements))))
        self._recover()
        self._compare()

    @rule(
        weight=3,
        leap=st.sampled_from(
            ["minutes", "minutes", "hours", "days", "to the last minute", "past midnight", "to the close", "two months"]
        ),
    )
    def move_the_clock(self, leap: str) -> None:
        now = self.model.now
        ends_at = bounds(*month_of(now))[1]
        self.told.append(f"clock: {leap}")
        to = {
            "minutes": now + timedelta(minutes=7),
            "hours": now + timedelta(hours=9),
            "days": now + timedelta(days=4),
            "to the last minute": ends_at - timedelta(minutes=1),
            "past midnight": ends_at + timedelta(minutes=10),
            "to the close": ends_at + HALF_AN_HOUR,
            "two months": ends_at + timedelta(days=33),
        }[leap]
        self._move(max(to, now))
        self._compare()

    def _notice(self, job: str, arguments: tuple[str | int, ...]) -> None:
        self.delivered.append((job, arguments))

    # --- telling -----------------------------------------------------------------------------------------------

    def _effective(self, minutes: int) -> datetime:
        return self.model.now + timedelta(minutes=minutes)

    def step(self, act: Act, leaving: str = "UNTOUCHED") -> None:
        self._act(act, leaving)
        self._compare()
        if self.pace:
            self._move(self.model.now + self.pace)
            self._compare()

    def hold_back(self, act: Act) -> None:
        """Done, and not yet worked on."""
        self._act(act)

    def move_to(self, at: datetime) -> None:
        self.told.append(f"clock: {at}")
        self._move(at)
        self._compare()

    def _act(self, act: Act, leaving: str = "UNTOUCHED") -> None:
        self.told.append(f"{self.model.now:%m-%d %H:%M} {act} {leaving}")
        self._read_the_clock()
        head = self.system.journal.head()
        expected, actual = self.model.offer(act, leaving), self._do(act, leaving)
        assert expected == actual, (expected, actual, self.told)
        assert actual is None or head == self.system.journal.head(), "a refused act recorded something"

    def _do(self, act: Act, leaving: str) -> str | None:
        """The platform speaks to the API, an admin's acts are recorded as the API would."""
        if not isinstance(act, Reported):
            return do(self.system, act, leaving)
        sent = message(act.organization, act.report, self.system.change_id())
        refusal = self.platform.send(sent)
        if refusal is None:
            self.sent.append(sent)
        return refusal

    def confirm(self) -> None:
        self.system.on_connection(
            lambda state: confirm_product_mapping(
                state, [PlanComponent(item.plan, item.component) for item in state.products]
            )
        )
        self.model.is_confirmed = True

    def _move(self, to: datetime) -> None:
        """The ledger's clock runs by itself too, so that a leap of nothing would go back."""
        if to > self.system.now:
            self.system.move_clock(to)
        self._read_the_clock()

    def _read_the_clock(self) -> None:
        self.model.move_clock(self.system.now)

    def _recover(self) -> None:
        """Whatever was in the way is over, deadlines have passed, and nobody's patience is left."""
        heal(self.system)
        self._move(self.model.now + timedelta(minutes=2))
        for _ in range(2):
            self.system.forget_patience()
            self.system.settle()

    def _may_push(self) -> bool:
        return self.model.may_push

    def _is_far_from_the_month_end(self) -> bool:
        now = self.model.now
        begins_at, ends_at = bounds(*month_of(now))
        return self._may_push() and begins_at + HALF_AN_HOUR <= now < ends_at - timedelta(minutes=10)

    def _draws_rarely(self) -> bool:
        return len(self.told) % 12 == 0

    def _held_lines(self) -> list[LineKey]:
        return sorted(key for key, line in self.model.lines.items() if line.hold is not None)

    def _runs_to_undo(self) -> list[str]:
        """Sync now, undos, and the finals of the months that this connection closed."""
        last = {line.last.run for line in self.model.lines.values() if line.last is not None}
        closed = [end for end in self.model.closes() if bounds(end.year, end.month)[1] > self.model.connected_at]
        return [*(run for end in closed if (run := final_run((end.year, end.month))) in last), *self.runs]

    def _month_of(self, run: str) -> BillingMonth:
        """An undo belongs to the month of what it undoes, as the API asks for it."""
        requested = self.system.journal.state(RUN, run_stream(MSP, self._run_id(run))).state.requested
        assert requested is not None
        assert requested.month is not None
        return requested.month

    def _run_id(self, run: str) -> RunId:
        if run in self.runs:
            return RunId(run)
        with self.system.tools.pool.connection() as connection:
            row = connection.execute(
                "SELECT run FROM runs WHERE kind = 'FINAL' AND month = %s ORDER BY requested_at DESC", (run[-7:],)
            ).fetchone()
        assert row is not None
        return RunId(row[0])

    # --- comparing ---------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        self.steps += 1
        type(self).steps_done += 1
        self._read_the_clock()
        self.system.settle()
        self.model.settle()
        assert self.model.held() == self._held_by_psa(), self._explain()
        self._compare_closed_months()
        assert self._held_lines() == self._held_exceptions(), self.told
        if self.steps % REPLAYED_EVERY == 0:
            self._replay()

    def _held_by_psa(self) -> dict[LineKey, int]:
        held: dict[LineKey, int] = {}
        for agreement in self.agreements:
            for product, quantities in self.system.psa.quantities(agreement).items():
                if product in self.products:
                    assert len(quantities) == 1, (agreement, product, quantities, self.told)
                    held[agreement, product] = hundredths(quantities[0])
        return held

    def _held_exceptions(self) -> list[LineKey]:
        with self.system.tools.pool.connection() as connection:
            rows = connection.execute("SELECT agreement, product FROM exceptions WHERE problem = 'HELD' ORDER BY 1, 2")
            return [(agreement, product) for agreement, product in rows]

    def _compare_closed_months(self) -> None:
        """The view of closed months against the model's newest versions."""
        self.system.fold()
        with self.system.tools.pool.connection() as connection:
            rows = connection.execute(
                "SELECT organization, month, version, product, quantity FROM month_usage WHERE product IS NOT NULL"
            ).fetchall()
        shown = {
            (name, month, product): (version, hundredths(number)) for name, month, version, product, number in rows
        }
        expected = {
            (name, f"{year:04d}-{month:02d}", product): (len(versions), number)
            for (name, year, month), versions in self.model.world.closings().items()
            for product, number in versions[-1].products
        }
        differing = sorted(map(str, expected.items() ^ shown.items()))
        assert expected == shown, "\n".join([*differing, *self.told])

    def _replay(self) -> None:
        """Views folded anew are byte-equal, states folded anew are equal, and every line's deltas add up."""
        views = all_views()
        before = dump(self.system.url, views)
        with self.system.tools.pool.connection() as connection:
            connection.execute("UPDATE view_positions SET version = 0")
        self.system.projector.prepare()
        self.system.fold()
        assert before == dump(self.system.url, views), self.told
        for key in self.model.lines:
            self._check_deltas(key)
        self._ask_why()
        self._prove()

    def _prove(self) -> None:
        """The journal alone gives every push of every month again, and every fact leads back to what caused it."""
        recorded = self.system.journal.read(0, 1_000_000, msp=MSP)
        for month in {entry.fact.month for entry in recorded if isinstance(entry.fact, PushStarted)}:
            made = reconstruct(self.system.journal, MSP, month)
            problems = [
                (push.push, problem) for one in made.additions for push in one.pushes for problem in push.problems
            ]
            assert [] == problems, (month, problems, self.told)
            for one in made.additions:
                assert one.opening + one.deltas + one.moved_between == one.closing, (month, one, self.told)
        follow_every_cause(recorded)

    def _ask_why(self) -> None:
        """What the API explains is what the model wants, and its sums are right."""
        year, month = month_of(self.model.now)
        for (agreement, product), wanted in self.model.wanted((year, month)).items():
            why = self.platform.explain(agreement, product, f"{year:04d}-{month:02d}")
            wrong = [check["name"] for check in why["checks"] if not check["isRight"]]
            if self.model.lines[agreement, product].base != wanted:
                wrong = [name for name in wrong if name != "the last push wanted what the facts say"]
            assert not wrong, (why, self.told)
            assert wanted == hundredths(Decimal(why["wanted"])), (agreement, product, wanted, why, self.told)

    def _check_deltas(self, key: LineKey) -> None:
        started: dict[str, PushStarted] = {}
        base = Decimal(0)
        for fact in self.system.facts(PsaProductId(key[1]), PsaAgreementId(key[0])):
            match fact:
                case PushStarted():
                    started[fact.push] = fact
                    assert base == fact.base, (key, fact, self.told)
                case UsagePushed():
                    base += started[fact.push].wanted - started[fact.push].base
                case PushOutcomeUnknown():
                    pass
        assert base == self.system.addition(PsaProductId(key[1]), PsaAgreementId(key[0])).base

    def _explain(self) -> str:
        held = self._held_by_psa()
        different = {
            key: (self.model.held().get(key), held.get(key), self.model.lines.get(key))
            for key in {*held, *self.model.held()}
            if self.model.held().get(key) != held.get(key)
        }
        facts = [
            fact for key in different for fact in self.system.facts(PsaProductId(key[1]), PsaAgreementId(key[0]))[-8:]
        ]
        return "\n".join(
            ["line: expected, held, model", *map(str, different.items()), *map(str, facts), "told:", *self.told]
        )

    def teardown(self) -> None:
        self.stack.close()


@contextmanager
def machine_on(ledger: NewLedger) -> Iterator[type[Torture]]:
    """A machine of its own class, so that runs do not share what classes keep."""

    class Tortured(Torture):
        pass

    Tortured.ledger = staticmethod(ledger)
    Tortured.steps_done = 0
    yield Tortured


def run_histories(machine: type[Torture], histories: int, number: int) -> None:
    """Tell so many histories, of which the first is hardly more than a beginning. `number` chooses which.

    They are not shortened when one fails: its acts are in the message, and shortening would take many more.
    Raises: AssertionError where ledger and model part.
    """
    told = settings(
        max_examples=histories + 1,
        stateful_step_count=STEPS_OF_A_HISTORY,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(seed(number)(machine), settings=told)
