"""Many at once: processes, schedulers and people, and the web application's old command."""
