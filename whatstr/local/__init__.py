"""The whole service on one machine: PostgreSQL and Valkey from wheels, and a supervisor.

Only the demo and the tests start anything from here; in production the same roles are started by
the host's own service manager against servers of its own.
"""
