"""What every notification keeps to, asked of each that is listed."""
