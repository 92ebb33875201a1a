-- figures: How the club's mail stands now, and what became of it within a day and within the month.
SELECT unknown, waiting, overdue, sent, refused, expired, sent_this_month
FROM (
    SELECT count(*) FILTER (WHERE state = 'unknown') AS unknown,
           count(*) FILTER (WHERE state <> 'unknown') AS waiting,
           count(*) FILTER (WHERE state <> 'unknown' AND due_until < %(now)s) AS overdue
    FROM m2s_orchestration.delivery WHERE state IN ('unknown', 'planned', 'retry', 'sending')
) AS open, (
    SELECT count(*) FILTER (WHERE state = 'failed') AS refused,
           count(*) FILTER (WHERE state = 'expired') AS expired
    FROM m2s_orchestration.delivery
    WHERE state IN ('failed', 'expired') AND changed_at > %(now)s - interval '1 day'
) AS given_up, (
    -- What was sent has not changed before: the index finds it by when it did.
    SELECT count(*) FILTER (WHERE sent_at > %(now)s - interval '1 day') AS sent,
           count(*) FILTER (WHERE sent_at >= date_trunc('month', %(now)s::timestamptz)
                           ) AS sent_this_month
    FROM m2s_orchestration.delivery
    WHERE state = 'sent'
      AND changed_at >= least(date_trunc('month', %(now)s::timestamptz), %(now)s - interval '1 day')
) AS went;

-- lease_figures: How often runs met at a lease within a day, and how long the longest had one.
SELECT count(*) FILTER (WHERE event = 'contended') AS contended,
       count(*) FILTER (WHERE event = 'taken_over') AS taken_over,
       count(*) FILTER (WHERE event = 'lost') AS lost,
       coalesce(max(seconds) FILTER (WHERE event = 'released'), 0) AS longest_held
FROM m2s_orchestration.lease_event WHERE at > %(now)s - interval '1 day';

-- untold: Of each notification's latest occurrence that has deliveries, those that are not out.
SELECT notification, count(*)
FROM unnest(%(names)s::text[]) AS asked (name), LATERAL (
    SELECT id FROM m2s_orchestration.occurrence
    WHERE notification = name
      AND EXISTS (SELECT FROM m2s_orchestration.delivery WHERE occurrence_id = occurrence.id)
    ORDER BY tick DESC LIMIT 1
) AS latest JOIN m2s_orchestration.delivery ON occurrence_id = latest.id
WHERE state NOT IN ('sent', 'skipped')
GROUP BY notification;

-- troubles: What the operators were told of within a day.
SELECT count(*) FROM m2s_orchestration.trouble WHERE found_at > %(now)s - interval '1 day';
