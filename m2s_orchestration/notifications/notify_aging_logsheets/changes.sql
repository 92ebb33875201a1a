-- dismiss_notices: Dismisses a member's open notices of aging logsheets.
UPDATE notifications_notification
SET dismissed = true
WHERE user_id = %(member_id)s
  AND NOT dismissed
  AND url = '/logsheet/'
  AND position('aging logsheet' IN lower(message)) > 0
RETURNING id;
