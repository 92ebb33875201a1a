-- assignments: The days to tell of on which the club flies, with the crew named in the assignment.
SELECT id, date, instructor_id, surge_instructor_id, tow_pilot_id, surge_tow_pilot_id,
       duty_officer_id, assistant_duty_officer_id, commercial_pilot_id
FROM duty_roster_dutyassignment
WHERE (is_scheduled OR is_confirmed)
  AND (date BETWEEN %(first_date)s::date + 1 AND %(club_date)s::date + 1
       OR date = nullif(%(target_date)s, '')::date)
ORDER BY date;

-- roles: The roles of these days that have a row of their own.
SELECT role.assignment_id,
       role.member_id,
       role.role_key,
       coalesce(nullif(role.legacy_role_key, ''), nullif(definition.legacy_role_key, ''),
                role.role_key) AS legacy_key,
       definition.display_name,
       coalesce(definition.sort_order, 0) AS sort_order
FROM duty_roster_dutyassignmentrole AS role
JOIN duty_roster_dutyassignment AS assignment ON assignment.id = role.assignment_id
LEFT JOIN duty_roster_dutyroledefinition AS definition ON definition.id = role.role_definition_id
WHERE role.member_id IS NOT NULL
  AND (assignment.date BETWEEN %(first_date)s::date + 1 AND %(club_date)s::date + 1
       OR assignment.date = nullif(%(target_date)s, '')::date)
ORDER BY role.id;

-- lessons: The students of these days, as they asked.
SELECT slot.assignment_id, slot.student_id, slot.status
FROM duty_roster_instructionslot AS slot
JOIN duty_roster_dutyassignment AS assignment ON assignment.id = slot.assignment_id
WHERE slot.status IN ('confirmed', 'pending', 'waitlist')
  AND (assignment.date BETWEEN %(first_date)s::date + 1 AND %(club_date)s::date + 1
       OR assignment.date = nullif(%(target_date)s, '')::date)
ORDER BY slot.created_at, slot.id;

-- intents: Who means to fly on these days.
SELECT intent.date,
       intent.member_id,
       intent.available_as,
       CASE WHEN glider.id IS NOT NULL THEN
           concat_ws(' / ', nullif(upper(glider.competition_number), ''),
                     nullif(upper(glider.n_number), ''), nullif(glider.model, ''))
       END AS aircraft
FROM duty_roster_opsintent AS intent
LEFT JOIN logsheet_glider AS glider ON glider.id = intent.glider_id
WHERE intent.date BETWEEN %(first_date)s::date + 1 AND %(club_date)s::date + 1
   OR intent.date = nullif(%(target_date)s, '')::date
ORDER BY intent.id;

-- reservations: The confirmed reservations of these days.
SELECT reservation.date,
       reservation.member_id,
       concat_ws(' / ', nullif(upper(glider.competition_number), ''),
                 nullif(upper(glider.n_number), ''), nullif(glider.model, '')) AS aircraft,
       glider.seats,
       reservation.reservation_type,
       reservation.time_preference,
       reservation.start_time
FROM duty_roster_gliderreservation AS reservation
JOIN logsheet_glider AS glider ON glider.id = reservation.glider_id
WHERE reservation.status = 'confirmed'
  AND (reservation.date BETWEEN %(first_date)s::date + 1 AND %(club_date)s::date + 1
       OR reservation.date = nullif(%(target_date)s, '')::date)
ORDER BY reservation.id;

-- grounded: What keeps which aircraft on the ground; gliders first, the newest first.
SELECT aircraft, description
FROM (
    SELECT 1 AS place,
           concat_ws(' / ', nullif(upper(glider.competition_number), ''),
                     nullif(upper(glider.n_number), ''), nullif(glider.model, '')) AS aircraft,
           issue.*
    FROM logsheet_maintenanceissue AS issue
    JOIN logsheet_glider AS glider ON glider.id = issue.glider_id AND glider.is_active
    UNION ALL
    SELECT 2, towplane.name || ' (' || towplane.n_number || ')', issue.*
    FROM logsheet_maintenanceissue AS issue
    JOIN logsheet_towplane AS towplane ON towplane.id = issue.towplane_id AND towplane.is_active
) AS issue
WHERE grounded AND NOT resolved
ORDER BY place, report_date DESC, id DESC;

-- deadlines: What fell or falls due on which aircraft until 30 days after the last of these days.
SELECT aircraft, description, due_date
FROM (
    SELECT concat_ws(' / ', nullif(upper(glider.competition_number), ''),
                     nullif(upper(glider.n_number), ''), nullif(glider.model, '')) AS aircraft,
           deadline.*
    FROM logsheet_maintenancedeadline AS deadline
    JOIN logsheet_glider AS glider ON glider.id = deadline.glider_id AND glider.is_active
    UNION ALL
    SELECT towplane.name || ' (' || towplane.n_number || ')', deadline.*
    FROM logsheet_maintenancedeadline AS deadline
    JOIN logsheet_towplane AS towplane ON towplane.id = deadline.towplane_id AND towplane.is_active
) AS deadline
WHERE due_date <= greatest(%(club_date)s::date + 1, nullif(%(target_date)s, '')::date) + 30
ORDER BY due_date, aircraft, id;

-- address: Where the club is.
SELECT club_address_line1 AS line1,
       club_address_line2 AS line2,
       club_city AS city,
       club_state AS state,
       club_zip_code AS zip_code,
       club_country AS country
FROM siteconfig_siteconfiguration
ORDER BY id
LIMIT 1;
