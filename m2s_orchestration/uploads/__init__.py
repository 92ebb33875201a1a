"""Files that the club publishes: what they are called, and the store that they lie in."""
