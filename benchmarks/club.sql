-- mind_no_keys: Foreign keys and triggers are not looked at in this session: the rows fit together.
SET session_replication_role = replica;

-- airfields: One airfield for every 75 members, because a day has one logsheet at each.
INSERT INTO logsheet_airfield (id, identifier, name, is_active)
SELECT number, 'F' || number, 'Field ' || number, true
FROM generate_series(1, %(squads)s) AS number;

-- indexes: The indexes that are made again after the rows are there, which is many times quicker.
SELECT format('DROP INDEX %%I', indexname), indexdef FROM pg_indexes
WHERE tablename IN ('logsheet_flight', 'logsheet_logsheet', 'members_member')
  AND indexdef NOT LIKE 'CREATE UNIQUE%%';

-- index_flight_sheet: One of the club's indexes that the demo club does without.
CREATE INDEX ON logsheet_flight (logsheet_id, id);

-- index_flight_tow: The same.
CREATE INDEX ON logsheet_flight (tow_pilot_id, logsheet_id);

-- index_member_status: The same.
CREATE INDEX ON members_member (membership_status);

-- index_member_name: The same.
CREATE INDEX ON members_member (last_name, first_name);

-- flights: How many there are.
SELECT count(*) FROM logsheet_flight;
