-- The demo's rows bring their keys; the next row of each table must get a new one.
DO $$
DECLARE
    club_table text;
BEGIN
    FOR club_table IN
        SELECT c.relname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id' AND a.attidentity = 'd'
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format(
            'SELECT setval(pg_get_serial_sequence(%L, ''id''), coalesce(max(id), 0) + 1, false)'
            ' FROM %I',
            club_table, club_table
        );
    END LOOP;
END
$$;
