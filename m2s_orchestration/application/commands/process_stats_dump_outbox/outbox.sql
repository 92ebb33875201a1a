-- outbox: Every file that is not ready, how often it was tried, and whether it will be once more.
SELECT id, status, attempt_count AS attempts,
       status IN ('pending', 'failed') AND attempt_count < 5 AS is_waiting
FROM logsheet_statsdumpoutbox
WHERE status <> 'ready';
