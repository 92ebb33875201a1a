-- outbox: Every summary that is not out, and how often it was tried.
SELECT id, status, attempt_count AS attempts, true AS is_waiting
FROM logsheet_finalizationemailoutbox
WHERE status <> 'sent';
