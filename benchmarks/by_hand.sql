-- report_duty_delinquents: Names and facts, as somebody would ask for them in psql.
WITH sheets AS MATERIALIZED (
    SELECT * FROM logsheet_logsheet WHERE finalized AND log_date >= DATE '2025-03-02'
), flown AS MATERIALIZED (
    SELECT flight.pilot_id, flight.instructor_id, flight.tow_pilot_id, sheets.log_date
    FROM logsheet_flight AS flight JOIN sheets ON sheets.id = flight.logsheet_id
), on_duty AS (
    SELECT instructor_id AS id FROM flown UNION SELECT tow_pilot_id FROM flown
    UNION SELECT duty_officer_id FROM sheets UNION SELECT assistant_duty_officer_id FROM sheets
    UNION SELECT duty_instructor_id FROM sheets UNION SELECT surge_instructor_id FROM sheets
    UNION SELECT tow_pilot_id FROM sheets UNION SELECT surge_tow_pilot_id FROM sheets
)
SELECT member.id, member.first_name, member.last_name, member.email, member.membership_status,
       member.joined_club, count(*) AS flights, max(flown.log_date) AS latest
FROM members_member AS member JOIN flown ON flown.pilot_id = member.id
WHERE (member.joined_club IS NULL OR member.joined_club < DATE '2025-12-02')
  AND member.membership_status IN (SELECT name FROM siteconfig_membershipstatus WHERE is_active)
  AND member.membership_status <> 'Emeritus Member' AND NOT member.treasurer
  AND NOT EXISTS (SELECT FROM on_duty WHERE on_duty.id = member.id)
GROUP BY member.id
HAVING count(*) >= 3
ORDER BY flights DESC, member.last_name;

-- notify_late_sprs: The lessons that are not reported, with both names.
SELECT DISTINCT instructor.id, instructor.first_name, instructor.last_name, instructor.email,
       student.first_name, student.last_name, sheet.log_date
FROM logsheet_flight AS flight
JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
JOIN members_member AS instructor ON instructor.id = flight.instructor_id
JOIN members_member AS student ON student.id = flight.pilot_id
LEFT JOIN instructors_instructionreport AS report
    ON report.instructor_id = flight.instructor_id AND report.student_id = flight.pilot_id
   AND report.report_date = sheet.log_date
WHERE sheet.finalized AND sheet.log_date >= DATE '2025-12-02' AND report.id IS NULL;

-- notify_aging_logsheets: The open logsheets with airfield and officers.
SELECT sheet.id, sheet.log_date, airfield.identifier, airfield.name,
       officer.first_name, officer.last_name, officer.email,
       assistant.first_name, assistant.last_name, assistant.email
FROM logsheet_logsheet AS sheet
JOIN logsheet_airfield AS airfield ON airfield.id = sheet.airfield_id
LEFT JOIN members_member AS officer ON officer.id = sheet.duty_officer_id
LEFT JOIN members_member AS assistant ON assistant.id = sheet.assistant_duty_officer_id
WHERE NOT sheet.finalized
ORDER BY sheet.log_date;
