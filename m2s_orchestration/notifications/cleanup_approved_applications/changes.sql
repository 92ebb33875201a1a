-- delete_applications: Deletes these applications as far as they still are old and approved.
DELETE FROM members_membershipapplication
WHERE id = ANY(%(application_ids)s::bigint[])
  AND status = 'approved' AND reviewed_at < %(as_of)s - interval '365 days'
RETURNING id;
