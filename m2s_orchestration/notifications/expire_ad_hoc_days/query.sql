-- unconfirmed_days: Every flying day outside the schedule that its crew has not confirmed.
SELECT id, date AS ops_date
FROM duty_roster_dutyassignment
WHERE NOT is_scheduled AND NOT is_confirmed
ORDER BY date;

-- requests: Who asked for instruction on such a day and did not take it back.
SELECT slot.assignment_id AS day_id, slot.student_id, slot.status
FROM duty_roster_instructionslot AS slot
JOIN duty_roster_dutyassignment AS day ON day.id = slot.assignment_id
WHERE NOT day.is_scheduled AND NOT day.is_confirmed AND slot.status <> 'cancelled'
ORDER BY day.date, slot.student_id;
