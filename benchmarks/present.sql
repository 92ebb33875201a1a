-- forget_expired: Every command begins by deleting locks whose term is past.
DELETE FROM cronjob_locks WHERE expires_at < now();

-- see_lock: It looks whether somebody has its lock, in a transaction.
SELECT * FROM cronjob_locks WHERE job_name = %(job)s FOR UPDATE;

-- take_lock: Then it takes it.
INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)
VALUES (%(job)s, 'present', now(), now() + interval '15 minutes') RETURNING id;

-- give_lock: At its end it gives it back.
DELETE FROM cronjob_locks WHERE job_name = %(job)s AND locked_by = 'present';

-- configuration: Read again by whoever needs one value of it.
SELECT * FROM siteconfig_siteconfiguration ORDER BY id LIMIT 1;

-- statuses: Which statuses are active.
SELECT name FROM siteconfig_membershipstatus WHERE is_active;

-- flyers: Established members with flights in the window, counted. It runs three times.
SELECT member.*, count(DISTINCT flight.id) AS flights
FROM members_member AS member
JOIN logsheet_flight AS flight ON flight.pilot_id = member.id
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE (member.joined_club < %(joined_before)s OR member.joined_club IS NULL)
  AND member.membership_status = ANY(%(statuses)s)
  AND sheet.finalized AND sheet.log_date >= %(since)s
  AND NOT member.treasurer AND member.membership_status <> 'Emeritus Member'
GROUP BY member.id
HAVING count(DISTINCT flight.id) >= 3;

-- did_fly_duty: For each flyer: instructed or towed?
SELECT 1 FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized AND sheet.log_date >= %(since)s
  AND (flight.instructor_id = %(member)s OR flight.tow_pilot_id = %(member)s)
LIMIT 1;

-- did_sheet_duty: For each flyer: named on a logsheet?
SELECT 1 FROM logsheet_logsheet
WHERE finalized AND log_date >= %(since)s
  AND (duty_officer_id = %(member)s OR assistant_duty_officer_id = %(member)s
       OR duty_instructor_id = %(member)s OR surge_instructor_id = %(member)s
       OR tow_pilot_id = %(member)s OR surge_tow_pilot_id = %(member)s)
LIMIT 1;

-- count_flights: For each delinquent: how many flights in the window.
SELECT count(*) FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized AND sheet.log_date >= %(since)s AND flight.pilot_id = %(member)s;

-- latest_flight: For each delinquent: the latest of them.
SELECT flight.logsheet_id, flight.* FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized AND sheet.log_date >= %(since)s AND flight.pilot_id = %(member)s
ORDER BY sheet.log_date DESC LIMIT 1;

-- sheet: For each delinquent: the logsheet of that flight.
SELECT * FROM logsheet_logsheet WHERE id = %(sheet)s;

-- managers: Who gets the report.
SELECT * FROM members_member
WHERE member_manager AND membership_status = ANY(%(statuses)s) AND email <> '';

-- notify: A row among somebody's notifications.
INSERT INTO notifications_notification (user_id, message, url, created_at, read, dismissed)
VALUES (%(member)s, %(text)s, %(url)s, now(), false, false) RETURNING id;

-- open_notices: For each person of an aging logsheet: the notice they have.
SELECT * FROM notifications_notification
WHERE user_id = %(member)s AND NOT dismissed AND upper(message) LIKE '%%AGING LOGSHEET%%'
  AND url = '/logsheet/'
ORDER BY created_at DESC;

-- aging_sheets: The open logsheets with airfield and people.
SELECT sheet.duty_officer_id, sheet.assistant_duty_officer_id, sheet.created_by_id,
       sheet.*, airfield.*, officer.*, assistant.*, creator.*
FROM logsheet_logsheet AS sheet
JOIN logsheet_airfield AS airfield ON airfield.id = sheet.airfield_id
LEFT JOIN members_member AS officer ON officer.id = sheet.duty_officer_id
LEFT JOIN members_member AS assistant ON assistant.id = sheet.assistant_duty_officer_id
LEFT JOIN members_member AS creator ON creator.id = sheet.created_by_id
WHERE NOT sheet.finalized AND sheet.log_date < %(before)s
ORDER BY sheet.created_at;

-- instructed_flights: The flights of the last month with an instructor.
SELECT flight.instructor_id, flight.pilot_id, sheet.log_date,
       flight.*, sheet.*, instructor.*, pilot.*
FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
JOIN members_member AS instructor ON instructor.id = flight.instructor_id
JOIN members_member AS pilot ON pilot.id = flight.pilot_id
WHERE sheet.finalized AND sheet.log_date BETWEEN %(since)s AND %(before)s
ORDER BY sheet.log_date, flight.instructor_id, flight.pilot_id;

-- written_reports: The reports of these instructors in that time.
SELECT instructor_id, student_id, report_date FROM instructors_instructionreport
WHERE report_date >= %(since)s AND report_date < %(today)s
  AND instructor_id = ANY(%(instructors)s);

-- columns: What the columns of each table are called, in their order; nothing of the present system.
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position;
