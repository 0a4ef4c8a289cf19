"""A town of accounts with known truth."""
