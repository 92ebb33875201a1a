"""The club's logo as icons: of its site, in a tab and on a telephone, and of Dagster's UI."""
