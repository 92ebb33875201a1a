-- figures: How the club's mail stands now, and what became of it within a day and within the month.
SELECT count(*) FILTER (WHERE state = 'unknown') AS unknown,
       count(*) FILTER (WHERE state IN ('planned', 'retry', 'sending')) AS waiting,
       count(*) FILTER (WHERE state IN ('planned', 'retry', 'sending') AND due_until < %(now)s
                       ) AS overdue,
       count(*) FILTER (WHERE state = 'sent' AND sent_at > %(now)s - interval '1 day') AS sent,
       count(*) FILTER (WHERE state = 'failed' AND changed_at > %(now)s - interval '1 day')
           AS refused,
       count(*) FILTER (WHERE state = 'expired' AND changed_at > %(now)s - interval '1 day')
           AS expired,
       count(*) FILTER (WHERE state = 'sent' AND sent_at >= date_trunc('month', %(now)s::timestamptz)
                       ) AS sent_this_month
FROM m2s_orchestration.delivery;

-- lease_figures: How often runs met at a lease within a day, and how long the longest had one.
SELECT count(*) FILTER (WHERE event = 'contended') AS contended,
       count(*) FILTER (WHERE event = 'taken_over') AS taken_over,
       count(*) FILTER (WHERE event = 'lost') AS lost,
       coalesce(max(seconds) FILTER (WHERE event = 'released'), 0) AS longest_held
FROM m2s_orchestration.lease_event WHERE at > %(now)s - interval '1 day';

-- untold: Of each notification, the deliveries of its latest occurrence that are not out.
SELECT notification, count(*) FROM (
    SELECT delivery.notification, delivery.state,
           tick = max(tick) OVER (PARTITION BY delivery.notification) AS is_latest
    FROM m2s_orchestration.delivery
    JOIN m2s_orchestration.occurrence ON occurrence.id = occurrence_id
) AS found
WHERE is_latest AND state NOT IN ('sent', 'skipped')
GROUP BY notification;

-- troubles: What the operators were told of within a day.
SELECT count(*) FROM m2s_orchestration.trouble WHERE found_at > %(now)s - interval '1 day';
