"""Exports of registers: asked for with a reason, limited by role, approved when large."""
