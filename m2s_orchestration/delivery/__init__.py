"""Exactly once: the lease says who may begin, the ledger says what is done."""
