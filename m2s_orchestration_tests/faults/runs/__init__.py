"""A run that is killed, told to stop or put to sleep at each of its points."""
