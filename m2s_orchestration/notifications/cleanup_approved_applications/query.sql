-- old_applications: The applications that were approved more than a year ago.
SELECT id
FROM members_membershipapplication
WHERE status = 'approved' AND reviewed_at < %(as_of)s - interval '365 days'
ORDER BY id;
