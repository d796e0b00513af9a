"""The work behind the pages: mails, reminders and cleaning up, done again and again until the end.

Every serving process runs it (unless `--no-worker`), and `patron worker` runs it alone. Any number may
run at the same time, and any may be killed: jobs claim their work in the database.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

import structlog

from tables.engine import DatabaseUnavailable
from tables.repeating import repeated

log = structlog.get_logger()

# Seconds after a failure of whatever kind, so that a fault does not fill the log.
PAUSE_AFTER_FAILURE = 5.0
# Seconds that a stop waits for jobs that are in the middle of something.
FINISH_WITHIN = 4.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds: an `async def` that returns how much it did."""

    module: str
    function: str
    every: float


JOBS = (
    Job("app.mail.sender", "send_due_mails", every=1),
    Job("app.mail.outbox", "delete_old_mails", every=3600),
    Job("app.sign_in.reminders", "answer_reminder_requests", every=1),
    Job("app.sign_in.codes", "answer_code_requests", every=1),
    Job("app.sign_in.codes", "delete_old_codes", every=600),
    Job("app.sign_in.passkey_challenges", "delete_old_challenges", every=600),
    Job("app.sign_in.known_devices", "tell_new_devices", every=5),
    Job("app.sign_in.known_devices", "delete_old_devices", every=24 * 3600),
    Job("app.sign_in.sessions", "delete_expired_sessions", every=600),
    Job("app.sign_in.limits", "delete_old_counters", every=600),
    Job("app.sign_in.history", "delete_old_history", every=24 * 3600),
    Job("app.orders.payment", "release_due_payments", every=2),
    Job("app.catalog.pictures", "delete_unused_pictures", every=3600),
    Job("app.basket.owner", "delete_old_baskets", every=3600),
    Job("app.personal_data.requests", "purge_finished_requests", every=3600),
    Job("app.personal_data.deletion", "forget_finished_orders", every=3600),
    Job("app.customers.taxation_checks", "check_taxation_ids", every=30),
    Job("app.customers.undoing_merges", "purge_old_merges", every=24 * 3600),
    Job("app.customers.departures", "delete_former_users", every=3600),
    Job("app.segments.filling", "fill_due_segments", every=2),
    Job("app.requisitions.expiring", "expire_requisitions", every=60),
    Job("app.company_users.invitation_import", "work_off_imports", every=1),
    Job("app.company_users.invitation_import", "delete_old_imports", every=24 * 3600),
    Job("app.company_users.invitations", "delete_old_invitations", every=24 * 3600),
    Job("app.segments.push", "delete_expired_members", every=10),
    Job("app.contracts.ending", "tell_of_ending_contracts", every=600),
)


async def run_worker(stop: asyncio.Event, jobs: tuple[Job, ...] = JOBS) -> None:
    """Runs all jobs side by side until `stop` is set. No failure of a job ends it."""
    running = [asyncio.create_task(_repeat(job, stop)) for job in jobs]
    try:
        await stop.wait()
        await asyncio.wait(running, timeout=FINISH_WITHIN)
    finally:
        # What is in the middle of something is cut off here; its claim in the database runs out.
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _repeat(job: Job, stop: asyncio.Event) -> None:
    while not stop.is_set():
        succeeded = await _do(job)
        with suppress(TimeoutError):
            async with asyncio.timeout(job.every if succeeded else max(job.every, PAUSE_AFTER_FAILURE)):
                await stop.wait()


async def _do(job: Job) -> bool:
    try:
        done = await repeated(getattr(import_module(job.module), job.function), job.function)
    except DatabaseUnavailable as error:
        log.warning("job waits for the database", job=job.function, reason=str(error))
        return False
    except Exception:
        # A mistake in one job must stop neither the others nor its own next try.
        log.exception("job failed", job=job.function)
        return False
    if done:
        log.info("job done", job=job.function, count=done)
    return True
