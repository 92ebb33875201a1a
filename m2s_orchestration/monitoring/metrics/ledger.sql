-- take_time: Whoever counts everything for the first time may take longer than a scrape.
SET LOCAL statement_timeout = '2min';

-- horizon: What happened up to this moment is all there: no transaction of ours lasts as long.
SELECT transaction_timestamp() - interval '1 hour';

-- unsent: How many deliveries of each notification are in each state but sent.
SELECT notification, state, count(*) FROM m2s_orchestration.delivery
WHERE state <> 'sent'
GROUP BY notification, state;

-- sent: How many deliveries of each notification were sent since a moment, by whether that is settled.
SELECT notification, state, changed_at <= %(horizon)s, count(*) FROM m2s_orchestration.delivery
WHERE state = 'sent' AND changed_at > %(since)s
GROUP BY 1, 2, 3;

-- attempts: How often what came of a try of a run; what persons settle, they do without a run.
SELECT notification, attempt.state, at <= %(horizon)s, count(*)
FROM m2s_orchestration.attempt JOIN m2s_orchestration.delivery ON delivery.id = delivery_id
WHERE attempt.run_id IS NOT NULL AND at > %(since)s
GROUP BY 1, 2, 3;

-- occurrences: How many occurrences of each notification are in each state, and the newest of them.
SELECT notification, state, count(*), max(tick) FROM m2s_orchestration.occurrence
GROUP BY notification, state;

-- successes: When the newest occurrence that is done had nothing left to send.
SELECT notification,
       extract(epoch FROM greatest(decided_at, (
           SELECT max(sent_at) FROM m2s_orchestration.delivery WHERE occurrence_id = newest.id
       )))::double precision
FROM unnest(%(names)s::text[]) AS asked (name), LATERAL (
    SELECT id, notification, decided_at FROM m2s_orchestration.occurrence
    WHERE notification = name AND state = 'done'
    ORDER BY tick DESC LIMIT 1
) AS newest;

-- lease_events: How often what happened to the lease of each notification.
SELECT notification, event, at <= %(horizon)s, count(*) FROM m2s_orchestration.lease_event
WHERE at > %(since)s
GROUP BY 1, 2, 3;

-- holds: How long leases were held: of the bounds, how many that does not exceed; how often; in all.
-- Both sides are negated, because width_bucket counts the bounds that a number reaches. Summed exactly,
-- so that a counter never falls, in whatever parts it is added up.
SELECT notification, width_bucket(-seconds, %(negated)s::double precision[]), at <= %(horizon)s,
       count(*), sum(seconds::numeric)
FROM m2s_orchestration.lease_event
WHERE event = 'released' AND seconds IS NOT NULL AND at > %(since)s
GROUP BY 1, 2, 3;

-- leases: Who holds a lease now, and how many seconds the term of each is past.
SELECT job_name, m2s_orchestration.lease_end(expires_at) >= clock_timestamp(),
       extract(epoch FROM clock_timestamp()
               - least(m2s_orchestration.lease_end(expires_at), '9999-12-31'))::double precision
FROM cronjob_locks
WHERE job_name = ANY(%(names)s) AND locked_by <> m2s_orchestration.tombstone();

-- troubles: How much of each kind the operators were to be told of.
SELECT notification, kind, count(*) FROM m2s_orchestration.trouble GROUP BY notification, kind;
