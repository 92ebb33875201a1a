-- Ten years of a club of 7,500 members: a flying day every third day or so, a hundred flights each.
INSERT INTO members_member
    (username, password, is_superuser, first_name, last_name, email, is_staff, is_active,
     date_joined, membership_status, glider_rating, instructor, towpilot, duty_officer,
     assistant_duty_officer, secretary, treasurer, webmaster, director, member_manager,
     rostermeister, redact_contact, safety_officer, is_stats_monger)
SELECT 'large' || n, '', false, 'Large', 'Club' || n, 'large' || n || '@example.org', false, true,
       '2020-01-01Z', 'Full Member', 'rated', n % 50 = 0, n % 20 = 0, n % 30 = 0, n % 30 = 1,
       false, false, false, false, false, false, false, false, false
FROM generate_series(1, 7500) AS n;

INSERT INTO logsheet_logsheet (log_date, created_at, finalized, airfield_id, created_by_id)
SELECT day::date, day, true, (SELECT min(id) FROM logsheet_airfield),
       (SELECT min(id) FROM members_member)
FROM generate_series('2016-03-01Z'::timestamptz, '2026-02-28Z', '3 days 12:00') AS day
ON CONFLICT DO NOTHING;

INSERT INTO logsheet_flight
    (logsheet_id, passenger_name, launch_method, flight_type, notes, created_at, is_retrieve,
     free_rental, free_tow, commercial_ride, pilot_id, instructor_id)
SELECT sheet.id, '', 'tow', 'dual', '', sheet.created_at, false, false, false, false,
       1 + (sheet.id * 101 + n * 37) % 7500,
       CASE WHEN n % 3 = 0 THEN 1 + (sheet.id * 13 + n) % 50 END
FROM logsheet_logsheet AS sheet
CROSS JOIN generate_series(1, 100) AS n
WHERE sheet.log_date < '2026-03-01';

INSERT INTO instructors_instructionreport
    (report_date, report_text, simulator, created_at, updated_at, instructor_id, student_id)
SELECT DISTINCT ON (sheet.log_date, flight.instructor_id, flight.pilot_id)
       sheet.log_date, '', false, sheet.created_at, sheet.created_at, flight.instructor_id,
       flight.pilot_id
FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE flight.instructor_id IS NOT NULL AND flight.pilot_id IS NOT NULL AND flight.id % 10 > 0
ON CONFLICT DO NOTHING;
