"""What an officer may look at and set right from the UI, as jobs."""
