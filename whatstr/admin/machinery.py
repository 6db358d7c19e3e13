"""What works behind the scenes, for the owner: queues and their jobs, the timetable, the inbox of
webhooks.

The worker's Redis only. The sender has one of its own, which this process cannot reach (vault
design, section 2); what waits for it is seen in the database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _

from whatstr.accounts.models import OutboundMail
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, code_words, forms, labels
from whatstr.admin.views import Page
from whatstr.audit.services import record
from whatstr.billing import events
from whatstr.billing.models import StripeEvent
from whatstr.campaigns.models import Campaign, CampaignState
from whatstr.core import clock, queue_state
from whatstr.core.database import redis
from whatstr.core.db import after_commit, session
from whatstr.core.queue_state import JobState
from whatstr.vault.models import HookInbox

COUNTED = 10_000


class Queues(Page):
    """Endpoint `queues`: RQ's state, with the verbs that repair it."""

    read = P.SETTINGS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        connection = redis()
        return self.render(
            "admin/queues.html",
            queues=queue_state.queue_states(connection),
            workers=queue_state.workers(connection),
            planned=queue_state.planned(connection),
            now=clock.now(),
        )

    @expose("/<queue>/")  # type: ignore[untyped-decorator]
    def show(self, queue: str) -> Any:
        return self.render(
            "admin/queue.html", queue=queue, jobs=queue_state.jobs(redis(), queue), verb=self._verb
        )

    def _verb(self, job: JobState) -> labels.Verb:
        return labels.Verb(
            url=flask.url_for("queues.drop", queue=job.queue, job_id=job.id),
            label=_("Forget"),
            title=_("Forget this job of %(task)s?", task=job.task),
            body=_(
                "It is not done and will not be tried again. What it was about stays in the "
                "database; a task of the timetable may find it there. This cannot be undone."
            ),
            confirm=_("Forget"),
            danger=True,
        )

    @expose("/<queue>/<job_id>/yinele", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SETTINGS_WRITE)
    def retry(self, queue: str, job_id: str) -> Any:
        return self._change(queue, job_id, "job.retried", _("Back on its queue."))

    @expose("/<queue>/<job_id>/unut", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SETTINGS_WRITE, step_up=True)
    def drop(self, queue: str, job_id: str) -> Any:
        if not forms.confirmed():
            job = queue_state.failed_job(redis(), queue, job_id)
            return self.render("admin/confirm.html", verb=self._verb(job), back=access.here())
        return self._change(queue, job_id, "job.dropped", _("Forgotten."))

    def _change(self, queue: str, job_id: str, verb: str, done: str) -> Any:
        """On record first, then in Redis, which takes no part in the transaction."""
        connection = redis()
        change = queue_state.retry if verb == "job.retried" else queue_state.drop
        with forms.refusals() as said:
            job = queue_state.failed_job(connection, queue, job_id)
            record(
                actor=access.actor(),
                verb=verb,
                subject_kind="job",
                subject_id=job.id,
                detail={"task": job.task, "queue": job.queue, "error": job.error},
            )
            after_commit(change, connection, queue, job_id)
        return forms.back(flask.url_for("queues.show", queue=queue), said, done)


class Inbox(Page):
    """Endpoint `inbox`: what came from outside and waits to be worked on, in counts and ages."""

    read = P.SETTINGS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        run, now = session().execute, clock.now()
        waiting = (
            sa.select(HookInbox.origin, HookInbox.at).order_by(HookInbox.id).limit(COUNTED + 1)
        ).subquery()
        sealed = run(
            sa.select(waiting.c.origin, sa.func.count(), sa.func.min(waiting.c.at))
            .group_by(waiting.c.origin)
            .order_by(waiting.c.origin)
        ).all()
        late = run(
            sa.select(sa.func.count(), sa.func.min(StripeEvent.received_at)).where(
                StripeEvent.processed_at.is_(None)
            )
        ).one()
        by_type = run(
            sa.select(StripeEvent.type, StripeEvent.outcome, sa.func.count())
            .where(StripeEvent.received_at > now - timedelta(days=1))
            .group_by(StripeEvent.type, StripeEvent.outcome)
            .order_by(sa.func.count().desc())
            .limit(50)
        ).all()
        mail = run(
            sa.select(
                sa.func.count().filter(OutboundMail.sent_at.is_not(None)),
                sa.func.count().filter(OutboundMail.failed_code.is_not(None)),
                sa.func.count().filter(
                    OutboundMail.sent_at.is_(None), OutboundMail.failed_code.is_(None)
                ),
            ).where(OutboundMail.created_at > now - timedelta(days=1))
        ).one()
        return self.render(
            "admin/inbox.html",
            sealed=sealed,
            late=late,
            by_type=by_type,
            mail=mail,
            campaigns=self._waiting_campaigns(),
            counted=COUNTED,
            outcomes=_outcomes(),
            origin_word=code_words.origin,
            now=now,
        )

    def _waiting_campaigns(self) -> Any:
        states = (CampaignState.QUEUED, CampaignState.RUNNING)
        return session().execute(
            sa.select(Campaign.state, sa.func.count(), sa.func.sum(Campaign.rows))
            .where(Campaign.state.in_(states))
            .group_by(Campaign.state)
        )


def _outcomes() -> dict[str, str]:
    """Words for what became of an event of Stripe's."""
    return {
        events.DONE: _("Worked on"),
        events.KNOWN: _("Known already"),
        events.IGNORED: _("Nothing to do"),
        events.NOT_OURS: _("Not of this house"),
        events.DIFFERS: _("Differs from ours"),
    }
