-- open_logsheets: An index that the club does not have: its few open logsheets among all.
CREATE INDEX helps ON logsheet_logsheet (log_date) WHERE NOT finalized;

-- crew: Another: who was on a logsheet's flights, without a look at the flights themselves.
CREATE INDEX helps ON logsheet_flight (logsheet_id)
    INCLUDE (pilot_id, instructor_id, tow_pilot_id);

-- without: The club's own indexes again.
DROP INDEX helps;
