"""Who lives in the town: one short module per role of account."""
