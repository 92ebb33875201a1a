-- update: The least that can be written down: one of the demo club's 75 members, committed.
UPDATE members_member SET is_staff = NOT is_staff WHERE id = 1 + %(id)s %% 75 RETURNING id;
