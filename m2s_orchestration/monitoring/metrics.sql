-- deliveries: How many deliveries of each notification are in each state.
SELECT notification, state, count(*) FROM m2s_orchestration.delivery GROUP BY notification, state;

-- lease_events: How often what happened to the lease of each notification.
SELECT notification, event, count(*) FROM m2s_orchestration.lease_event
GROUP BY notification, event;

-- holds: How long leases were held: how many up to each bound, and all in seconds.
SELECT notification, bound,
       count(*) FILTER (WHERE seconds <= bound), count(*), sum(seconds)
FROM m2s_orchestration.lease_event, unnest(%(bounds)s::double precision[]) AS bound
WHERE event = 'released'
GROUP BY notification, bound ORDER BY notification, bound;

-- successes: The latest moment at which each notification had nothing left to send.
SELECT notification, extract(epoch FROM max(greatest(decided_at, sent.at)))::double precision
FROM m2s_orchestration.occurrence
LEFT JOIN LATERAL (
    SELECT max(sent_at) AS at FROM m2s_orchestration.delivery
    WHERE occurrence_id = occurrence.id
) AS sent ON true
WHERE occurrence.state = 'done'
GROUP BY notification;

-- troubles: How much of each kind the operators were told of.
SELECT kind, count(*) FROM m2s_orchestration.trouble GROUP BY kind;
