"""Whom personal data goes to (processors, disclosures), and looks that a customer allows."""
