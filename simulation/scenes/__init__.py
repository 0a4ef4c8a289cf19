"""Honest things that look guilty."""
