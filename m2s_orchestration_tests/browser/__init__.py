"""What an officer sees and does, in a real browser."""
