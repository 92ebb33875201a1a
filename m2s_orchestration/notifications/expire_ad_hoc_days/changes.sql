-- cancel_day: Deletes an unconfirmed day with its roles and requests; no row if it was confirmed.
WITH day AS (
    -- First, because here it waits for a crew that is just confirming, and then looks again.
    DELETE FROM duty_roster_dutyassignment
    WHERE id = %(day_id)s AND date = %(ops_date)s AND NOT is_scheduled AND NOT is_confirmed
    RETURNING id
), roles AS (
    DELETE FROM duty_roster_dutyassignmentrole USING day WHERE assignment_id = day.id
), requests AS (
    -- Those of students who are being told. Of a newer one nobody knows yet: it stays, so the
    -- foreign key refuses the whole decision, and the next run tells that student too.
    DELETE FROM duty_roster_instructionslot USING day
    WHERE assignment_id = day.id
      AND (status = 'cancelled' OR student_id = ANY(%(student_ids)s::bigint[]))
)
SELECT id FROM day;
