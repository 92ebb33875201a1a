-- delete_batch: Deletes the notices of a batch that are still old; no row if there are none.
DELETE FROM notifications_notification
WHERE id BETWEEN %(first_id)s AND %(last_id)s
  AND created_at < %(as_of)s - make_interval(days => %(days)s)
RETURNING id;
