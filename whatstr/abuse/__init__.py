"""Abuse reports, cases, decisions and their actions."""
