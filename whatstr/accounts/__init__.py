"""Organizations, their members, staff, sessions, accepted documents and mail to them."""
