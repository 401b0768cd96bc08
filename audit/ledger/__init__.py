"""The event ledger: one event per change, chained, checkpointed, verifiable without Purser."""
