"""The protocol of lease and ledger as a model that is searched to its end."""
