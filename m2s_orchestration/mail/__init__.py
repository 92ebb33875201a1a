"""From facts to a mail, and from a mail to the server: templates, bytes, addresses, SMTP."""
