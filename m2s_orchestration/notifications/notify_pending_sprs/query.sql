-- unreported_lessons: Who flew with which instructor on the days to look at, without a report.
SELECT DISTINCT flight.instructor_id, flight.pilot_id AS student_id, sheet.log_date AS flown
FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized
  AND sheet.log_date
      BETWEEN coalesce(nullif(%(flight_date)s, '')::date,
                       %(club_date)s::date - nullif(%(days_ago)s::int, 0),
                       %(club_date)s::date - %(max_days)s::int)
          AND coalesce(nullif(%(flight_date)s, '')::date,
                       %(club_date)s::date - nullif(%(days_ago)s::int, 0),
                       %(club_date)s::date - 1)
  AND flight.instructor_id IS NOT NULL
  AND flight.pilot_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM instructors_instructionreport AS report
      WHERE report.instructor_id = flight.instructor_id
        AND report.student_id = flight.pilot_id
        AND report.report_date = sheet.log_date
  )
ORDER BY flown DESC, instructor_id, student_id;

-- old_reminders: Whom the web application reminded of which day, as its notices tell.
SELECT DISTINCT user_id AS member_id, substring(message FROM '\d{4}-\d{2}-\d{2}') AS flown
FROM notifications_notification
WHERE strpos(message, 'pending Student Progress Report') > 0
  AND message ~ '\d{4}-\d{2}-\d{2}'
  -- Ours read like this, and are in the ledger.
  AND message !~ '^\d+ pending Student Progress Reports? from \d{4}-\d{2}-\d{2}\.$'
ORDER BY member_id, flown;

-- reminders: What the ledger knows of reminders, mailed or only shown in the application.
SELECT member_id, period
FROM m2s_orchestration.notice
WHERE notification = 'notify_pending_sprs'
ORDER BY id;

-- skips: Who could not be told of what, at an earlier occurrence.
SELECT recipient_key, period
FROM m2s_orchestration.delivery
WHERE notification = 'notify_pending_sprs' AND state = 'skipped'
ORDER BY id;
