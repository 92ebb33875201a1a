-- batches: The old notices in the order of their ids, a thousand to a batch.
SELECT min(id) AS first_id, max(id) AS last_id, count(*) AS number
FROM (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / 1000 AS batch
    FROM notifications_notification
    WHERE created_at < %(as_of)s - make_interval(days => %(days)s)
) AS old
GROUP BY batch
ORDER BY batch;
