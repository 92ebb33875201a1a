"""What tells the club that something did not happen."""
