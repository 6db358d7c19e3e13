"""Open pages that watch a running campaign, on one web process: 200 of them beside a single one.

Granian with one worker, PostgreSQL and Valkey are real. The pages ask as the browser's module does
(`live_progress.mjs`, its pace is read from there), with the mark of what they know, while the rows
of the campaign change as under way. How long an answer takes and how much of a core the web
process uses is measured for one page, then for all, in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg

from benchmarks import cluster
from benchmarks.measure import Result, machine, main
from tests.apps import ENVIRONMENT
from tests.sending.stage import open_owner
from tests.services import ROOT, private_folder
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault.client import Profile, VaultClient

PAGES = 200
MOST_MS = 250.0
MOST_CORE = 0.6
PACE = ROOT / "whatstr" / "static" / "js" / "portal" / "live_progress.mjs"
_TICK = os.sysconf("SC_CLK_TCK")
PROFILE = Profile(
    organization_name="Ölçü",
    contact_name="Ölçü",
    email="olcu@example.com",
    phone="+905321112233",
    address="",
    website="",
    tax_number="",
    tax_office="",
)


def pace_seconds() -> float:
    """How often a page asks while its campaign moves."""
    found = re.search(r"MOVING_MS = (\d+);", PACE.read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1000


@dataclass
class Seen:
    """What the pages of one round saw."""

    times: list[float] = field(default_factory=list)
    unchanged: int = 0
    core: float = 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        if len(self.times) == 1:
            return 1000 * self.times[0]
        return 1000 * statistics.quantiles(self.times, n=100)[round(100 * share) - 1]


@dataclass
class Site:
    """A web process with a signed-in member who watches a running campaign."""

    url: str
    cookie: str
    campaign: uuid.UUID
    owner: psycopg.Connection[dict[str, object]]
    process: subprocess.Popen[bytes]

    def used(self) -> float:
        """Processor seconds of the web process and its workers so far."""
        return sum(_cpu(pid) for pid in _tree(self.process.pid))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _tree(int(child)))]


@contextlib.contextmanager
def site(*, rows: int, others: int) -> Iterator[Site]:
    """Everything started and filled; `others` rows belong to campaigns that nobody watches."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(private_folder())
        postgres = cluster.started(folder)
        stack.callback(postgres.stop)
        queue = EmbeddedValkey(folder, "queue")
        queue.start()
        stack.callback(queue.stop)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            **ENVIRONMENT["web"],
            "WHATSTR_ROLE": "web",
            "WHATSTR_ENV": "test",
            "WHATSTR_WEB_URL": url,
            "WHATSTR_LOG_LEVEL": "ERROR",
            "DATABASE_URL": postgres.url("whatstr_web"),
            "REDIS_URL": queue.url,
            "WHATSTR_BIND": f"127.0.0.1:{port}",
            "WHATSTR_WEB_WORKERS": "1",
        }
        command = [sys.executable, "-m", "whatstr.process", "web"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        client = VaultClient(url)
        _until_up(port)
        client.enrol(PROFILE, "yedi kuzu mavi limon")
        owner = stack.enter_context(open_owner(postgres.url()))
        campaign = _filled(owner, rows=rows, others=others)
        yield Site(url, _cookie(client), campaign, owner, process)


def _until_up(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("the web process does not come up")


def _cookie(client: VaultClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.api._cookies.items())


def _filled(owner: psycopg.Connection[dict[str, object]], *, rows: int, others: int) -> uuid.UUID:
    line, campaigns = uuid.uuid4(), [uuid.uuid4() for _ in range(1 + -(-others // 100_000))]
    owner.execute(
        "INSERT INTO line (id, organization_id, state, throughput, quality, health, connected_at)"
        " SELECT %s, id, 'connected', 80, 'GREEN', '{}', now() FROM organization",
        [line],
    )
    for campaign in campaigns:
        owner.execute(
            "INSERT INTO campaign (id, organization_id, line_id, member_id, kind, state, rows,"
            " chunks, media, due_at, expires_at, jk_wrap, record, created_at, committed_at,"
            " started_at, state_changed_at) SELECT %s, organization_id, %s, id, 'marketing',"
            " 'running', %s, 1, '[]', now(), now() + interval '2 days', '', '', now(), now(),"
            " now(), now() FROM member",
            [campaign, line, rows if campaign == campaigns[0] else 100_000],
        )
        owner.execute(
            "INSERT INTO message (campaign_id, row, status, code, attempts, mref, recipient_ix,"
            " accepted_at)"
            " SELECT %(c)s::uuid, n, (ARRAY['read','delivered','sent','failed'])[1 + n %% 4],"
            " CASE WHEN n %% 4 = 3 THEN 131026 + n %% 3 END, 1,"
            " decode(md5(%(c)s::text || n), 'hex'),"
            " decode(md5(n::text), 'hex'), now() - interval '1 hour'"
            " FROM generate_series(0, %(n)s::int - 1) n",
            {
                "c": str(campaign),
                # A tenth of the watched one is still to come.
                "n": rows * 9 // 10 if campaign == campaigns[0] else min(others, 100_000),
            },
        )
    owner.execute("VACUUM ANALYZE message")
    return campaigns[0]


def _sending(place: Site, stop: threading.Event) -> None:
    """The rows of the campaign change as a line at full speed changes them."""
    while not stop.wait(0.5):
        place.owner.execute(
            "UPDATE message SET status = 'read', accepted_at = now(), read_at = now()"
            " WHERE campaign_id = %s AND row IN"
            " (SELECT row FROM message WHERE campaign_id = %s AND status = 'sent' LIMIT 40)",
            [place.campaign, place.campaign],
        )


async def watch(place: Site, *, pages: int, seconds: float) -> Seen:
    """That many pages for that long."""
    seen, pace = Seen(), pace_seconds()
    path = f"{place.url}/api/campaigns/{place.campaign.hex}/progress"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, headers={"Cookie": place.cookie}
    ) as session:
        end = time.monotonic() + seconds

        async def page() -> None:
            mark = ""
            await asyncio.sleep(random.random() * pace)
            while time.monotonic() < end:
                began = time.perf_counter()
                headers = {"If-None-Match": mark} if mark else {}
                async with session.get(path, headers=headers) as answer:
                    await answer.read()
                    assert answer.status in (200, 304), answer.status
                    mark = answer.headers["ETag"]
                    seen.unchanged += answer.status == 304
                seen.times.append(time.perf_counter() - began)
                await asyncio.sleep(pace * (0.9 + 0.2 * random.random()))

        before = place.used()
        await asyncio.gather(*(page() for _ in range(pages)))
        seen.core = (place.used() - before) / seconds
    return seen


_COUNT = (
    "EXPLAIN (ANALYZE, FORMAT JSON) SELECT status, code, count(*),"
    " count(*) FILTER (WHERE accepted_at >= now() - interval '10 seconds')"
    " FROM message WHERE campaign_id = %s GROUP BY status, code"
)


def counted(place: Site) -> tuple[float, str]:
    """How long the one count takes that all pages share, in milliseconds, and how it is read."""
    (row,) = place.owner.execute(_COUNT, [place.campaign]).fetchall()
    (found,) = row["QUERY PLAN"]  # type: ignore[misc]
    node = found["Plan"]
    while "Relation Name" not in node and "Plans" in node:
        node = node["Plans"][0]
    return float(found["Execution Time"]), str(node["Node Type"])


def run(quick: bool) -> Result:
    rows, others, seconds = (2_000, 2_000, 3.0) if quick else (100_000, 900_000, 30.0)
    pages = 20 if quick else PAGES
    with site(rows=rows, others=others) as place:
        stop = threading.Event()
        sending = threading.Thread(target=_sending, args=(place, stop))
        sending.start()
        try:
            asyncio.run(watch(place, pages=pages, seconds=3.0))
            one = asyncio.run(watch(place, pages=1, seconds=seconds))
            many = asyncio.run(watch(place, pages=pages, seconds=seconds))
            count_ms, node = counted(place)
        finally:
            stop.set()
            sending.join()
    slowest = many.percentile(0.95)
    return Result(
        value=slowest,
        unit="ms, 95 of 100 answers",
        bar=f"<= {MOST_MS:.0f} ms and <= {MOST_CORE:.0%} of a core",
        ok=slowest <= MOST_MS and many.core <= MOST_CORE,
        detail={
            "pages": pages,
            "core_share": round(many.core, 3),
            "median_ms": round(many.percentile(0.5), 1),
            "answers": len(many.times),
            "unchanged": many.unchanged,
            "cpu_ms_per_answer": round(1000 * many.core * seconds / len(many.times), 2),
            "count_ms": round(count_ms, 1),
            "count_reads_by": node,
            "one_page_p95_ms": round(one.percentile(0.95), 1),
            "one_page_core_share": round(one.core, 3),
            "pace_seconds": pace_seconds(),
            "rows": rows,
            "rows_in_table": rows + others,
            **machine(),
        },
    )


if __name__ == "__main__":
    main("open_pages", run)
