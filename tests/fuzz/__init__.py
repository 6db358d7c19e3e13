"""Every parser that takes bytes from outside, fed with what nobody should send."""
