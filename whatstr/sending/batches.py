"""Which rows of a campaign come next, ready to be claimed: opened, filled, franked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime

from whatstr.core.prf import prf16_after
from whatstr.sending import context, optouts, rows
from whatstr.sending.bodies import is_usable
from whatstr.sending.forms import Forms
from whatstr.sending.mref import new_mrefs
from whatstr.sending.opening import Job, media_hash, open_chunk
from whatstr.sending.rows import Candidate, Retry
from whatstr.vault.franking import frank_tags
from whatstr.vault.identity import is_user_id
from whatstr.vault.indexes import Purpose, account_index_key
from whatstr.vault.job_header import CHUNK_ROWS
from whatstr.vault.rows import JobRow

_CACHED_CHUNKS = 4


def batch_size(rate: int) -> int:
    """About a second of the line. One batch is claimed ahead of the one that is posted: a killed
    slice leaves no more than two seconds of the line unsettled."""
    return max(20, min(CHUNK_ROWS, rate))


class Batches:
    """Walks a campaign: rows that are due again first, then the next that have no message."""

    def __init__(self, job: Job) -> None:
        self._job = job
        index_key = account_index_key(context.keyring().ik, Purpose.RECIPIENT, job.header.account)
        self._index = prf16_after(index_key, "v")
        self._taken = rows.taken_by_chunk(job.id, size=CHUNK_ROWS)
        self._chunk = -1
        self._fresh: list[int] = []
        self._cache: OrderedDict[int, list[JobRow]] = OrderedDict()

    def any_due(self, *, now: datetime) -> bool:
        """Whether there is something to hand over at `now`."""
        if self._fresh or rows.due_retries(self._job.id, now=now, limit=1):
            return True
        return any(self._open_rows(no) for no in range(self._chunk + 1, self._job.item.chunks))

    def next(self, forms: Forms, *, media_ids: Mapping[int, str], now: datetime) -> list[Candidate]:
        """The next rows, at most a batch; empty when nothing is due. Raises Refusal."""
        size = batch_size(self._job.item.rate)
        again = rows.due_retries(self._job.id, now=now, limit=size)
        fresh = self._take_fresh(size - len(again))
        _, key = context.keyring().franking_key(now)
        made = [self._candidate(one.row, one.mref, one, forms, media_ids, key) for one in again]
        made += [
            self._candidate(row, mref, None, forms, media_ids, key)
            for row, mref in zip(fresh, new_mrefs(len(fresh)), strict=True)
        ]
        self._name_hidden(made)
        return made

    def _name_hidden(self, made: Sequence[Candidate]) -> None:
        """Whoever is known by a user id stands under the pseudonym of the number, if that is
        known."""
        hidden = [one for one in made if is_user_id(one.to)]
        if hidden:
            known = optouts.of_rows(self._job.item.organization_id, {one.to for one in hidden})
            for one in hidden:
                one.recipient_ix = known[one.to]

    def media_numbers(self) -> list[int]:
        """Files that the header names."""
        return [entry.no for entry in self._job.header.media]

    def _take_fresh(self, count: int) -> list[int]:
        while not self._fresh and self._chunk + 1 < self._job.item.chunks:
            self._chunk += 1
            if self._open_rows(self._chunk):
                first = self._chunk * CHUNK_ROWS
                last = min(first + CHUNK_ROWS, self._job.item.rows) - 1
                taken = rows.taken_rows(self._job.id, first=first, last=last)
                self._fresh = [row for row in range(first, last + 1) if row not in taken]
        found, self._fresh = self._fresh[:count], self._fresh[count:]
        return found

    def _open_rows(self, no: int) -> int:
        expected = min(CHUNK_ROWS, self._job.item.rows - no * CHUNK_ROWS)
        return expected - self._taken.get(no, 0)

    def _row(self, row: int) -> JobRow:
        no, place = divmod(row, CHUNK_ROWS)
        if no not in self._cache:
            self._cache[no] = open_chunk(self._job, no)
            if len(self._cache) > _CACHED_CHUNKS:
                self._cache.popitem(last=False)
        return self._cache[no][place]

    def _candidate(
        self,
        row: int,
        mref: bytes,
        retry: Retry | None,
        forms: Forms,
        media_ids: Mapping[int, str],
        key: bytes,
    ) -> Candidate:
        content = self._row(row)
        one = Candidate(
            row=row,
            to=content.to,
            recipient_ix=self._index(content.to),
            mref=mref,
            again=retry is not None,
            attempts=retry.attempts if retry else 1,
            resent=retry.resent if retry else False,
            usable=is_usable(forms.template, content),
        )
        media_id = media_ids.get(content.media) if content.media is not None else None
        written = forms.write(content, mref=mref, media_id=media_id)
        one.body = written.body
        one.tags = frank_tags(key, mref, written.lines, media_hash(self._job, content.media))
        return one
