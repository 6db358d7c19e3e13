"""Requests of customers to our support: a thread, who works on it, how it ended."""
