-- days: The flying days that may be told of, with their instructors.
SELECT id, date, instructor_id, surge_instructor_id
FROM duty_roster_dutyassignment
WHERE (is_scheduled OR is_confirmed)
  AND (date BETWEEN %(first_date)s::date AND %(club_date)s::date + %(hours_ahead)s::int / 24 + 1
       OR date = nullif(%(target_date)s, '')::date)
ORDER BY date;

-- requests: Who asked for instruction on these days, with what an instructor wants to know of them.
SELECT slot.assignment_id AS day_id,
       slot.student_id,
       slot.status,
       snapshot.sessions,
       snapshot.solo_progress,
       snapshot.checkride_progress,
       (SELECT count(*) FROM logsheet_flight AS flight WHERE flight.pilot_id = slot.student_id)
           AS flights,
       CASE WHEN student.redact_contact THEN '' ELSE btrim(student.email) END AS email,
       CASE WHEN student.redact_contact THEN '' ELSE btrim(coalesce(student.phone, '')) END AS phone
FROM duty_roster_instructionslot AS slot
JOIN duty_roster_dutyassignment AS assignment ON assignment.id = slot.assignment_id
JOIN members_member AS student ON student.id = slot.student_id
LEFT JOIN instructors_studentprogresssnapshot AS snapshot ON snapshot.student_id = slot.student_id
WHERE slot.status IN ('pending', 'confirmed', 'waitlist')
  AND (assignment.is_scheduled OR assignment.is_confirmed)
  AND (assignment.date
           BETWEEN %(first_date)s::date AND %(club_date)s::date + %(hours_ahead)s::int / 24 + 1
       OR assignment.date = nullif(%(target_date)s, '')::date)
ORDER BY slot.created_at, slot.id;
