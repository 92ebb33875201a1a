"""The steps that lead to the ledger as it is, forward only."""
