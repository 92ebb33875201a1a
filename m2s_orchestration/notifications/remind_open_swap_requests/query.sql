-- requests: The open requests of the two weeks to come.
SELECT id, requester_id, role, dynamic_role_key, dynamic_role_label, original_date, notes
FROM duty_roster_dutyswaprequest
WHERE status = 'open'
  AND original_date BETWEEN %(club_date)s::date + 1 AND %(club_date)s::date + 14
ORDER BY original_date, id;

-- readers: Whom a reminder of each request is for, and why: the nearest reason of several.
WITH request AS (
    SELECT id, requester_id, role, dynamic_role_key,
           CASE WHEN request_type = 'direct' THEN direct_request_to_id END AS asked_id
    FROM duty_roster_dutyswaprequest
    WHERE status = 'open'
      AND original_date BETWEEN %(club_date)s::date + 1 AND %(club_date)s::date + 14
), site AS (
    SELECT id, enable_dynamic_duty_roles FROM siteconfig_siteconfiguration ORDER BY id LIMIT 1
), definition AS (
    SELECT definition.id, definition.key,
           coalesce(nullif(definition.legacy_role_key, ''), definition.key) AS flag
    FROM duty_roster_dutyroledefinition AS definition
    JOIN site ON site.id = definition.site_configuration_id AND site.enable_dynamic_duty_roles
    WHERE definition.is_active
), duty AS (
    -- A mark on the member's page, or qualifications: the definition is named only for these.
    SELECT request.id AS request_id,
           CASE WHEN is_by_qualification THEN definition.id END AS definition_id,
           CASE request.role
               WHEN 'DO' THEN 'duty_officer'
               WHEN 'ADO' THEN 'assistant_duty_officer'
               WHEN 'INSTRUCTOR' THEN 'instructor'
               WHEN 'TOW' THEN 'towpilot'
               ELSE coalesce(definition.flag, request.dynamic_role_key)
           END AS flag
    FROM request
    LEFT JOIN definition ON request.role = 'DYNAMIC' AND definition.key = request.dynamic_role_key
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM duty_roster_dutyqualificationrequirement AS requirement
            WHERE requirement.role_definition_id = definition.id AND requirement.is_required
        ) AS is_by_qualification
    ) AS kind
    WHERE request.asked_id IS NULL
), active AS MATERIALIZED (
    SELECT member.id, member.glider_rating, to_jsonb(member) AS marks
    FROM members_member AS member
    JOIN siteconfig_membershipstatus AS status
        ON status.name = member.membership_status AND status.is_active
    WHERE member.is_active
), eligible AS (
    SELECT duty.request_id, active.id AS member_id
    FROM duty
    CROSS JOIN active
    WHERE CASE
        WHEN duty.definition_id IS NOT NULL THEN NOT EXISTS (
            SELECT FROM duty_roster_dutyqualificationrequirement AS requirement
            WHERE requirement.role_definition_id = duty.definition_id
              AND requirement.is_required
              AND CASE requirement.requirement_type
                  WHEN 'legacy_role_flag' THEN
                      active.marks -> requirement.requirement_value IS DISTINCT FROM 'true'
                  WHEN 'legacy_glider_rating' THEN
                      lower(active.glider_rating) <> lower(requirement.requirement_value)
                  WHEN 'member_duty_qualification' THEN NOT EXISTS (
                      SELECT FROM duty_roster_memberdutyqualification AS qualification
                      WHERE qualification.member_id = active.id
                        AND qualification.qualification_code = requirement.requirement_value
                        AND qualification.is_qualified
                        AND coalesce(qualification.expires_on >= %(club_date)s, true)
                  )
                  ELSE true
              END
        )
        WHEN duty.flag = 'commercial_pilot' THEN active.glider_rating = 'commercial'
        ELSE active.marks -> duty.flag = 'true'
    END
), meant AS (
    SELECT id AS request_id, requester_id AS member_id, 1 AS place, 'requester' AS reason
    FROM request
    UNION ALL
    SELECT id, asked_id, 2, 'asked' FROM request WHERE asked_id IS NOT NULL
    UNION ALL
    SELECT request_id, member_id, 3, 'eligible' FROM eligible
    UNION ALL
    SELECT request.id, active.id, 4, 'rostermeister'
    FROM request JOIN active ON active.marks -> 'rostermeister' = 'true'
)
SELECT DISTINCT ON (meant.request_id, member.id)
       meant.request_id, member.id AS member_id, meant.reason
FROM meant
JOIN members_member AS member ON member.id = meant.member_id AND member.is_active
WHERE NOT EXISTS (
    SELECT FROM duty_roster_dutyswapoffer AS offer
    WHERE offer.swap_request_id = meant.request_id AND offer.offered_by_id = member.id
      AND offer.status <> 'withdrawn'
)
ORDER BY meant.request_id, member.id, meant.place;
