-- update: The least that can be written down of a message: one row of a plain table, committed.
UPDATE notifications_notification SET read = NOT read
WHERE id = (SELECT min(id) + %(id)s %% 64 FROM notifications_notification)
RETURNING id;
