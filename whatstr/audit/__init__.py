"""Append-only record of who did what, why and from where, chained by hash."""
