"""Whatever a club's rows and settings can hold, from the query to the mail server and back."""
