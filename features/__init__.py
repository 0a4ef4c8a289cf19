"""What we measure of an account: canonical tables, views and features."""
