"""What is held about a customer, and how it is shown to them."""
