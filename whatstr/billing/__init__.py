"""Money: plans, payments, credits, refunds, and the one client of Stripe (`gateway`)."""
