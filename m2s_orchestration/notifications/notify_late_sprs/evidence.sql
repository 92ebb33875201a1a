-- evidence: The notices of the command before this job: one for each mail that it sent, never changed.
SELECT notice.id AS notice_id, notice.user_id AS member_id, notice.created_at AS told_at
FROM notifications_notification AS notice
JOIN members_member AS member ON member.id = notice.user_id
WHERE notice.url = '/instructors/'
  AND strpos(notice.message, 'overdue Student Progress Report') > 0
  AND notice.created_at > %(since)s
  -- It wrote one also where it had no address to send to.
  AND btrim(member.email) <> ''
ORDER BY notice.id;
