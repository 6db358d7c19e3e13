"""What the server writes by itself: rows of machines, numbered by n, later ones older."""

from __future__ import annotations

from collections.abc import Sequence

FILLER = "A" * 120
MESSAGES_OF_A_CAMPAIGN = 100


def _id(kind: str, n: str) -> str:
    return f"md5('{kind}' || ({n}))::uuid"


_AGO = "now() - interval '1 day' * (%(days)d::float8 * n / {})"


def _messages(part: int) -> str:
    """A quarter of the messages: the biggest table is written by several connections."""
    return (
        "INSERT INTO message (campaign_id, row, status, code, attempts, mref, recipient_ix, "
        "handed_at, accepted_at, delivered_at, failed_at) SELECT campaign, r, "
        "CASE WHEN n %% 20 = 0 THEN 'failed' ELSE 'delivered' END, "
        "CASE WHEN n %% 20 = 0 THEN 131026 END, 1, uuid_send(gen_random_uuid()), "
        "uuid_send(gen_random_uuid()), at, CASE WHEN n %% 20 > 0 THEN at END, "
        "CASE WHEN n %% 20 > 0 THEN at END, CASE WHEN n %% 20 = 0 THEN at END "
        f"FROM (SELECT campaign, r, n, {_AGO.format('%(messages)d')} AS at FROM (SELECT campaign, "
        f"r, c * {MESSAGES_OF_A_CAMPAIGN} + r AS n FROM (SELECT c, {_id('c', 'c')} AS campaign "
        f"FROM generate_series({part}, %(campaigns)d - 1, 4) c) campaigns, "
        f"generate_series(0, {MESSAGES_OF_A_CAMPAIGN - 1}) r) numbered) rows"
    )


# Table and statement. These ask nothing of another table and may run beside each other.
STATEMENTS: Sequence[tuple[str, str]] = (
    *(("message", _messages(part)) for part in range(4)),
    (
        "member",
        "INSERT INTO member (id, organization_id, role, state, language, created_at, "
        "email_confirmed_at, preferences, kdf, salt, auth_hash, recovery_hash, key_version, "
        "member_pk, wrap_pw, wrap_recovery, name, email, email_ix, email_masked, phone, phone_ix, "
        f"phone_masked) SELECT {_id('m', 'n')}, {_id('o', 'n')}, "
        "CASE n %% 3000 WHEN 5 THEN 'manager' ELSE 'owner' END, "
        "CASE n %% 4000 WHEN 7 THEN 'removed' ELSE 'active' END, 'tr', at, at, '{}', '{}', "
        "repeat('s', 16)::bytea, repeat('a', 32)::bytea, repeat('r', 32)::bytea, 1, "
        f"repeat('p', 32)::bytea, '{FILLER}', repeat('w', 80)::bytea, '{FILLER}', '{FILLER}', "
        "CASE n WHEN %(known)d THEN decode('%(known_email)s', 'hex') "
        f"ELSE uuid_send(gen_random_uuid()) END, 's***@i***.example', '{FILLER}', "
        "CASE n WHEN %(known)d THEN decode('%(known_phone)s', 'hex') "
        "ELSE uuid_send(gen_random_uuid()) END, '+90 5** *** ** 67' "
        f"FROM (SELECT n, {_AGO.format('%(customers)d')} AS at "
        "FROM generate_series(0, %(customers)d - 1) n) rows",
    ),
    (
        "line",
        "INSERT INTO line (id, organization_id, state, throughput, quality, health, connected_at, "
        f"number_ix, number_masked) SELECT {_id('l', 'n')}, {_id('o', 'n * 5')}, "
        "CASE n %% 1000 WHEN 1 THEN 'held' WHEN 2 THEN 'paused' ELSE 'connected' END, 80, "
        "CASE n %% 500 WHEN 3 THEN 'RED' WHEN 4 THEN 'YELLOW' ELSE 'GREEN' END, '{}', "
        f"{_AGO.format('%(lines)d')}, substring(decode(md5(n::text), 'hex') for 16), "
        "'+90 5** *** ** 12' FROM generate_series(0, %(lines)d - 1) n",
    ),
    (
        "campaign",
        "INSERT INTO campaign (id, organization_id, line_id, member_id, kind, state, rows, chunks, "
        "media, due_at, expires_at, jk_wrap, record, created_at, committed_at, started_at, "
        f"finished_at, state_changed_at, totals) SELECT {_id('c', 'n')}, {_id('o', 'w * 5')}, "
        f"{_id('l', 'w')}, {_id('m', 'w * 5')}, "
        "CASE n %% 7 WHEN 0 THEN 'informational' ELSE 'marketing' END, "
        "CASE WHEN n < 20 THEN 'running' WHEN n %% 3000 = 9 THEN 'refused' ELSE 'done' END, 100, 1,"
        " '[]', at, at + interval '3 days', '\\x00', decode(repeat('ab', 400), 'hex'), at, at, at, "
        "CASE WHEN n >= 20 THEN at + interval '1 hour' END, at, "
        'CASE WHEN n >= 20 THEN \'{"delivered": 95, "failed": 5}\'::jsonb END '
        "FROM (SELECT n, CASE n %% %(big)d WHEN 0 THEN 0 ELSE (n * 7919) %% %(lines)d END w, "
        f"{_AGO.format('%(campaigns)d')} AS at FROM generate_series(0, %(campaigns)d - 1) n) rows",
    ),
    (
        "message_template",
        "INSERT INTO message_template (id, organization_id, template_ix, account_ix, status, "
        "quality, category, changed_at, checked_at) SELECT gen_random_uuid(), "
        f"{_id('o', 'n / 4 * 5')}, uuid_send(gen_random_uuid()), uuid_send({_id('l', 'n / 4')}), "
        "CASE n %% 400 WHEN 1 THEN 'PAUSED' WHEN 2 THEN 'REJECTED' ELSE 'APPROVED' END, "
        "CASE n %% 300 WHEN 3 THEN 'RED' ELSE 'GREEN' END, "
        "CASE n %% 5 WHEN 0 THEN 'UTILITY' ELSE 'MARKETING' END, at, now() "
        f"FROM (SELECT n, {_AGO.format('(4 * %(lines)d)')} AS at "
        "FROM generate_series(0, 4 * %(lines)d - 1) n) rows",
    ),
    (
        "payment",
        "INSERT INTO payment (id, organization_id, member_id, plan_id, state, amount_kurus, "
        "vat_kurus, currency, payment_intent, term_version, term_accepted_at, address, created_at, "
        f"paid_at) SELECT {_id('p', 'n')}, {_id('o', 'n * 2')}, {_id('m', 'n * 2')}, "
        "(SELECT id FROM plan ORDER BY code LIMIT 1), "
        "CASE WHEN n %% 400 = 1 THEN 'failed' ELSE 'paid' END, 199900, 33317, 'try', "
        "'pi_' || md5(n::text), '2026-11-01', at, repeat('A', 100), at, "
        "CASE WHEN n %% 400 <> 1 THEN at END "
        f"FROM (SELECT n, {_AGO.format('%(payments)d')} AS at "
        "FROM generate_series(0, %(payments)d - 1) n) rows",
    ),
    (
        "exception_request",
        "INSERT INTO exception_request (id, organization_id, payment_id, state, ground, "
        "explanation, requested_by, requester_id, facts, maximum_kurus, amount_kurus, created_at, "
        f"version) SELECT {_id('e', 'n')}, {_id('o', 'n * 2')}, {_id('p', 'n')}, "
        "CASE WHEN n < 30 THEN 'submitted' ELSE 'executed' END, 'our_outage', repeat('A', 120), "
        f"'member', {_id('m', 'n * 2')}, '{{}}', 199900, 50000, "
        f"{_AGO.format('%(hundredth)d')}, 1 FROM generate_series(0, %(hundredth)d - 1) n",
    ),
    (
        "refund",
        "INSERT INTO refund (id, payment_id, exception_id, amount_kurus, state, attempt, "
        f"stripe_refund, created_at, settled_at) SELECT {_id('r', 'n')}, {_id('p', 'n')}, "
        f"{_id('e', 'n')}, 50000, CASE WHEN n %% 50 = 1 THEN 'failed' ELSE 'succeeded' END, 1, "
        f"'re_' || md5(n::text), {_AGO.format('%(hundredth)d')}, now() "
        "FROM generate_series(30, %(hundredth)d - 1) n",
    ),
    (
        "abuse_case",
        "INSERT INTO abuse_case (id, number, organization_id, line_id, state, opened_at, version) "
        f"OVERRIDING SYSTEM VALUE SELECT {_id('k', 'n')}, 1001 + n, {_id('o', 'n * 5')}, "
        f"{_id('l', 'n')}, CASE WHEN n < 60 THEN 'open' ELSE 'closed' END, "
        f"{_AGO.format('%(hundredth)d')}, 1 FROM generate_series(0, %(hundredth)d - 1) n",
    ),
    (
        "abuse_report",
        "INSERT INTO abuse_report (id, number, received_at, channel, category, state, verdict, "
        "organization_id, line_id, case_id, sealed) OVERRIDING SYSTEM VALUE "
        f"SELECT {_id('b', 'n')}, 10001 + n, {_AGO.format('(5 * %(hundredth)d)')}, "
        "CASE n %% 3 WHEN 0 THEN 'web' ELSE 'reply' END, CASE n %% 9 WHEN 0 THEN 'fraud' ELSE "
        f"'never_agreed' END, 'attached', 'verified', {_id('o', 'n / 5 * 5')}, {_id('l', 'n / 5')},"
        f" {_id('k', 'n / 5')}, decode(repeat('cd', 300), 'hex') "
        "FROM generate_series(0, 5 * %(hundredth)d - 1) n",
    ),
    (
        "s_optout",
        f"INSERT INTO s_optout (organization_id, recipient_ix, via, at) SELECT {_id('o', 'n / 2')},"
        " uuid_send(gen_random_uuid()), CASE WHEN n %% 40 = 1 THEN 'link' WHEN n %% 3 = 0 THEN "
        f"'button' ELSE 'word' END, {_AGO.format('(2 * %(customers)d)')} "
        "FROM generate_series(0, 2 * %(customers)d - 1) n",
    ),
    (
        "login_event",
        "INSERT INTO login_event (id, at, kind, outcome, organization_id, member_id, address) "
        f"SELECT gen_random_uuid(), {_AGO.format('(2 * %(customers)d)')}, 'sign_in', 'ok', "
        f"{_id('o', 'n / 2')}, {_id('m', 'n / 2')}, repeat('A', 100) "
        "FROM generate_series(0, 2 * %(customers)d - 1) n",
    ),
    (
        "audit_event",
        "INSERT INTO audit_event (id, at, actor_kind, actor_id, verb, subject_kind, subject_id, "
        "organization_id, detail, request_id, previous, hash) SELECT gen_random_uuid(), "
        f"{_AGO.format('%(customers)d')}, CASE WHEN n %% 2000 = 1 THEN 'staff' ELSE 'member' END, "
        f"{_id('m', 'n')}, 'organization.enrolled', 'organization', md5('o' || n), {_id('o', 'n')},"
        " '{}', 'r' || n, '\\x00', uuid_send(gen_random_uuid()) "
        "FROM generate_series(0, %(customers)d - 1) n",
    ),
    (
        "stripe_event",
        "INSERT INTO stripe_event (id, event_id, type, created_at, received_at, processed_at, "
        "outcome, body) SELECT gen_random_uuid(), 'evt_' || n, 'checkout.session.completed', at, "
        "at, at, 'done', repeat('A', 400) "
        f"FROM (SELECT n, {_AGO.format('%(payments)d')} AS at "
        "FROM generate_series(0, %(payments)d - 1) n) rows",
    ),
    (
        "outbound_mail",
        "INSERT INTO outbound_mail (id, kind, language, to_address, values, created_at, attempts, "
        "sent_at) SELECT gen_random_uuid(), 'notice', 'tr', repeat('A', 100), repeat('A', 200), "
        "now() - interval '30 days' * n / %(payments)d, 1, now() "
        "FROM generate_series(0, %(payments)d - 1) n",
    ),
    (
        "line_day",
        f"INSERT INTO line_day SELECT {_id('l', 'n')}, current_date - d, {_id('o', 'n * 5')}, "
        "100 + n %% 50, 95, 5 FROM generate_series(0, %(lines)d - 1) n, generate_series(0, 4) d",
    ),
    (
        "message_day",
        "INSERT INTO message_day SELECT current_date - d, 14000, 13300, 13000, 9000, 700 "
        "FROM generate_series(0, 60) d",
    ),
    (
        "failure_day",
        "INSERT INTO failure_day SELECT current_date - d, c, 100 FROM generate_series(0, 60) d, "
        "unnest(ARRAY[131026, 131049, 130472, 131047]) c",
    ),
)
# These read what the others wrote.
AFTERWARDS: Sequence[tuple[str, str]] = (
    (
        "subscription",
        "INSERT INTO subscription (id, organization_id, plan_id, payment_id, state, starts_at, "
        "ends_at) SELECT md5('s' || id)::uuid, organization_id, plan_id, id, "
        "CASE WHEN created_at > now() - interval '31 days' THEN 'active' ELSE 'ended' END, "
        "created_at, created_at + interval '31 days' FROM payment WHERE state = 'paid'",
    ),
    (
        "credit_entry",
        "INSERT INTO credit_entry (organization_id, key, kind, source, target, amount, payment_id, "
        "at) SELECT organization_id, 'grant:' || id, 'grant', 'issued', 'available', 10000, id, "
        "created_at FROM payment ORDER BY created_at",
    ),
    (
        "credit_entry",
        "INSERT INTO credit_entry (organization_id, key, kind, source, target, amount, campaign_id,"
        " at) SELECT organization_id, 'settle:' || id, 'settle', 'available', 'spent', 95, id, "
        "created_at FROM campaign ORDER BY created_at",
    ),
    (
        "accepted_document",
        "INSERT INTO accepted_document (id, organization_id, member_id, document, "
        "document_version, context, language, at, address) SELECT gen_random_uuid(), id, "
        "md5('m' || (customer_no - 100001))::uuid, 'terms', '2026-11-01', 'sign_up', 'tr', "
        "created_at, repeat('A', 100) FROM organization",
    ),
)
