"""A club that does not exist, and the servers it needs to live one of its days."""
