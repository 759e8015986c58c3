"""The messages and what answers them. Actors are thin: they turn names into a job's arguments, and so do nothing that
a test could not do by calling the job.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps

import dramatiq

from domain.values import MspId, RunId
from journal.logs import log_fields
from workers import attention
from workers.brokers import BrokerGone, enqueue_all, gone_errors
from workers.carry_out_runs import carry_out_run
from workers.close_month import close_months
from workers.dispatch import Message, Send, note_watch
from workers.due import DueAgreement
from workers.leases import held, kept
from workers.push import push_agreement
from workers.tools import Tools
from workers.watch_drift import watch_connection

QUEUE = "ledger"
"""One queue for everything: each queue costs two connections per process (library-facts §3)."""


def declare_actors(broker: dramatiq.Broker, tools: Tools) -> Send:
    """Register every actor with the broker; returns what sends to them.

    Failures are not retried by the broker: what still waits is dispatched again, with its own back-off.
    """
    actors = {
        name: dramatiq.actor(actor_name=name, queue_name=QUEUE, broker=broker)(answer)
        for name, answer in answers(tools).items()
    }

    gone = gone_errors(broker)

    def send(messages: Sequence[Message]) -> None:
        try:
            enqueue_all(broker, [actors[one.actor].message(*one.arguments) for one in messages])
        except gone as error:
            raise BrokerGone(type(error).__name__) from error

    return send


def answers(tools: Tools) -> Mapping[str, Callable[..., None]]:
    """What each message leads to, by the actor's name. The last argument is always the holder of the job's lease."""

    def push(msp: str, site: str, company_id: str, agreement: int, holder: str) -> None:
        push_agreement(tools, DueAgreement(msp, site, company_id, agreement), holder)

    def carry_out(msp: str, run: str, holder: str) -> None:
        carry_out_run(tools, MspId(msp), RunId(run), holder)

    def close(msp: str, holder: str) -> None:
        with held(tools.pool, f"close:{msp}", holder, tools.timing.lease) as is_ours:
            if is_ours:
                with tools.keeping(f"close:{msp}", holder):
                    close_months(tools, MspId(msp))
                    tools.wait_for_views(tools.journal.head())

    def probe(msp: str, _holder: str) -> None:
        # The lease is left to run out: it is what spaces the probes.
        attention.look_again(tools, MspId(msp))

    def watch(msp: str, holder: str) -> None:
        with kept(tools.pool, f"watch:{msp}", holder, tools.timing.lease) as is_ours:
            if is_ours:
                watch_connection(tools, MspId(msp))
                note_watch(tools.pool, MspId(msp))

    jobs: Mapping[str, Callable[..., None]] = {
        "addition.push": push,
        "run.carry_out": carry_out,
        "month.close": close,
        "connection.probe": probe,
        "connection.watch": watch,
    }
    return {name: _named_in_logs(name, job) for name, job in jobs.items()}


def _named_in_logs(name: str, job: Callable[..., None]) -> Callable[..., None]:
    """The job, with its name and MSP (always the first argument) in every line said meanwhile."""

    @wraps(job)
    def named(msp: str, *arguments: str | int) -> None:
        with log_fields(job=name, msp=msp):
            job(msp, *arguments)

    return named
