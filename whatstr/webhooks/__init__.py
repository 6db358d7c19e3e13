"""Doors for Meta's and Stripe's webhooks: verify, store, acknowledge; the work is done later."""
