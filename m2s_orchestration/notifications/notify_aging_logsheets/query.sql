-- open_logsheets: Every logsheet that is not finalized, with the people responsible for it.
SELECT sheet.id,
       sheet.log_date,
       airfield.identifier || ' – ' || airfield.name AS airfield,
       sheet.duty_officer_id,
       sheet.assistant_duty_officer_id,
       sheet.created_by_id
FROM logsheet_logsheet AS sheet
JOIN logsheet_airfield AS airfield ON airfield.id = sheet.airfield_id
WHERE NOT sheet.finalized
ORDER BY sheet.log_date, airfield.identifier, sheet.id;

-- open_notices: Who has an open in-app notice of aging logsheets.
SELECT DISTINCT user_id AS member_id
FROM notifications_notification
WHERE NOT dismissed
  AND url = '/logsheet/'
  AND position('aging logsheet' IN lower(message)) > 0
ORDER BY user_id;
