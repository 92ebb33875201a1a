"""The figures of ledger, leases, runs and schedules, as Prometheus reads them."""
