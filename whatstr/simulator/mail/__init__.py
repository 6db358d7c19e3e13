"""A mailbox that takes every e-mail and delivers none: for demo and tests."""
