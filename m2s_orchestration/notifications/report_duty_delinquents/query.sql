-- delinquents: Established members who flew in the months looked at and did no duty in them.
WITH limits AS (
    -- Calendar months: twelve of them before 1 March is 1 March, and before 29 February the 28th.
    SELECT (%(club_date)s::date - make_interval(months => %(lookback_months)s::int))::date
               AS first_day,
           (%(club_date)s::date - make_interval(months => %(min_membership_months)s::int))::date
               AS joined_before
),
sheets AS MATERIALIZED (
    SELECT sheet.*
    FROM logsheet_logsheet AS sheet, limits
    WHERE sheet.finalized AND sheet.log_date >= limits.first_day
),
crews AS MATERIALIZED (
    -- Who flew, who instructed and who towed, each by themselves: one look at the flights for all.
    SELECT flight.pilot_id, flight.instructor_id, flight.tow_pilot_id,
           count(*) AS flights,
           max(sheets.log_date) AS latest_flight
    FROM logsheet_flight AS flight
    JOIN sheets ON sheets.id = flight.logsheet_id
    GROUP BY GROUPING SETS ((flight.pilot_id), (flight.instructor_id), (flight.tow_pilot_id))
),
on_duty AS (
    SELECT coalesce(duty_officer_id, assistant_duty_officer_id, duty_instructor_id,
                    surge_instructor_id, tow_pilot_id, surge_tow_pilot_id) AS member_id
    FROM sheets
    GROUP BY GROUPING SETS ((duty_officer_id), (assistant_duty_officer_id), (duty_instructor_id),
                            (surge_instructor_id), (tow_pilot_id), (surge_tow_pilot_id))
    UNION
    SELECT coalesce(instructor_id, tow_pilot_id) FROM crews WHERE pilot_id IS NULL
)
SELECT member.id AS member_id, member.joined_club, crews.flights, crews.latest_flight
FROM members_member AS member
JOIN crews ON crews.pilot_id = member.id AND crews.flights >= %(min_flights)s::int
CROSS JOIN limits
WHERE member.membership_status IN (SELECT name FROM siteconfig_membershipstatus WHERE is_active)
  AND (member.joined_club IS NULL OR member.joined_club < limits.joined_before)
  AND NOT member.treasurer
  AND member.membership_status <> ALL (%(exempt_statuses)s::text[])
  AND NOT EXISTS (SELECT FROM on_duty WHERE on_duty.member_id = member.id);

-- member_managers: Who looks after the members.
SELECT id AS member_id FROM members_member WHERE member_manager ORDER BY id;
