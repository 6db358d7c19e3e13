"""A local stand-in for Stripe over HTTP: the API, the hosted Checkout page, signed webhooks.

`python -m whatstr.simulator.stripe --help` runs it; `run_in_thread` serves tests. It holds to the
SDK: tests compare every parameter and every field with the classes of the `stripe` package.
"""

from whatstr.simulator.stripe.customer import PaymentDeclined, pay_checkout
from whatstr.simulator.stripe.server import Handle, Server, run_in_thread

__all__ = ["Handle", "PaymentDeclined", "Server", "pay_checkout", "run_in_thread"]
