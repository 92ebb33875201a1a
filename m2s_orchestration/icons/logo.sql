-- logo: Where the club's logo lies in its media store, as the site's configuration has it.
SELECT coalesce(trim(club_logo), '')
FROM siteconfig_siteconfiguration
ORDER BY id
LIMIT 1;
