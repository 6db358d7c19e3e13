"""Sealed contact lists, consent, opt-outs."""
