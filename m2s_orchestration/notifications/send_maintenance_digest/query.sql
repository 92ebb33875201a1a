-- open_issues: Every maintenance issue that is not resolved, with the labels of its aircraft.
SELECT issue.id,
       issue.report_date,
       issue.description,
       issue.grounded,
       issue.glider_id,
       concat_ws(' / ', nullif(upper(glider.competition_number), ''),
                 nullif(upper(glider.n_number), ''), nullif(glider.model, '')) AS glider,
       issue.towplane_id,
       towplane.name || ' (' || towplane.n_number || ')' AS towplane
FROM logsheet_maintenanceissue AS issue
LEFT JOIN logsheet_glider AS glider ON glider.id = issue.glider_id
LEFT JOIN logsheet_towplane AS towplane ON towplane.id = issue.towplane_id
WHERE NOT issue.resolved
ORDER BY issue.report_date, issue.id;

-- meisters: Who looks after which aircraft.
SELECT member_id, glider_id, towplane_id
FROM logsheet_aircraftmeister
ORDER BY member_id, id;
