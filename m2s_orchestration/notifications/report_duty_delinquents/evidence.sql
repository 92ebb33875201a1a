-- evidence: The notices of the command before this job: one for each reader, once the mail was out.
SELECT id AS notice_id, user_id AS member_id, created_at AS told_at
FROM notifications_notification
WHERE url = '/duty_roster/duty-delinquents/detail/' AND created_at > %(since)s
ORDER BY id;
