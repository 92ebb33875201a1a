-- configuration: The club's settings: its first row, or none.
SELECT club_name, domain_name, canonical_url, club_logo, club_timezone,
       duty_officer_title, assistant_duty_officer_title, towpilot_title, surge_towpilot_title,
       instructor_title, surge_instructor_title, commercial_pilot_title
FROM siteconfig_siteconfiguration
ORDER BY id
LIMIT 1;

-- active_statuses: The membership statuses whose holders are told things.
SELECT name FROM siteconfig_membershipstatus WHERE is_active;

-- members: Everybody who ever was a member.
SELECT id, first_name, middle_initial, last_name, name_suffix, nickname, email, membership_status
FROM members_member;

-- members_named: Of these people, those who ever were a member.
SELECT id, first_name, middle_initial, last_name, name_suffix, nickname, email, membership_status
FROM members_member
WHERE id = ANY(%(ids)s::bigint[]);
