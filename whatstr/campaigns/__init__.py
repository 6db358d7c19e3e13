"""Campaigns and their messages: lifecycle, uploads, reports."""
