-- deliveries: How many deliveries of each notification are in each state.
SELECT notification, state, count(*) FROM m2s_orchestration.delivery
GROUP BY notification, state;

-- attempts: How often what came of a try of a run; what persons settle, they do without a run.
SELECT notification, attempt.state, count(*)
FROM m2s_orchestration.attempt JOIN m2s_orchestration.delivery ON delivery.id = delivery_id
WHERE attempt.run_id IS NOT NULL
GROUP BY notification, attempt.state;

-- occurrences: How many occurrences of each notification are in each state, and the newest of them.
SELECT notification, state, count(*), max(tick) FROM m2s_orchestration.occurrence
GROUP BY notification, state;

-- successes: When the newest occurrence that is done had nothing left to send.
SELECT notification,
       extract(epoch FROM greatest(decided_at, (
           SELECT max(sent_at) FROM m2s_orchestration.delivery WHERE occurrence_id = newest.id
       )))::double precision
FROM (
    SELECT DISTINCT ON (notification) id, notification, decided_at
    FROM m2s_orchestration.occurrence WHERE state = 'done'
    ORDER BY notification, tick DESC
) AS newest;

-- lease_events: How often what happened to the lease of each notification.
SELECT notification, event, count(*) FROM m2s_orchestration.lease_event
GROUP BY notification, event;

-- holds: How long leases were held: of the bounds, how many that does not exceed; how often; in all.
-- Both sides are negated, because width_bucket counts the bounds that a number reaches.
SELECT notification, width_bucket(-seconds, %(negated)s::double precision[]), count(*), sum(seconds)
FROM m2s_orchestration.lease_event WHERE event = 'released' AND seconds IS NOT NULL
GROUP BY 1, 2;

-- leases: Who holds a lease now, and how many seconds the term of each is past.
SELECT job_name, m2s_orchestration.lease_end(expires_at) >= clock_timestamp(),
       extract(epoch FROM clock_timestamp()
               - least(m2s_orchestration.lease_end(expires_at), '9999-12-31'))::double precision
FROM cronjob_locks
WHERE job_name = ANY(%(names)s) AND locked_by <> m2s_orchestration.tombstone();

-- troubles: How much of each kind the operators were to be told of.
SELECT notification, kind, count(*) FROM m2s_orchestration.trouble GROUP BY notification, kind;
