-- unreported_lessons: Who flew with which instructor and when, as far as it was not reported.
SELECT DISTINCT flight.instructor_id, flight.pilot_id AS student_id, sheet.log_date AS flown
FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized
  AND sheet.log_date >= %(club_date)s::date - %(max_days)s::int
  AND flight.instructor_id IS NOT NULL
  AND flight.pilot_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM instructors_instructionreport AS report
      WHERE report.instructor_id = flight.instructor_id
        AND report.student_id = flight.pilot_id
        AND report.report_date = sheet.log_date
  )
ORDER BY flown, instructor_id, student_id;

-- office_holders: Who holds which office of the club.
SELECT member.id AS member_id, office.name AS office
FROM members_member AS member
CROSS JOIN LATERAL (
    VALUES ('director', member.director),
           ('member_manager', member.member_manager),
           ('safety_officer', member.safety_officer),
           ('rostermeister', member.rostermeister),
           ('secretary', member.secretary),
           ('treasurer', member.treasurer),
           ('webmaster', member.webmaster)
) AS office (name, is_held)
WHERE office.is_held
ORDER BY member.id, office.name;
