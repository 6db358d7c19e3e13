"""Local stand-ins for the services that WhatsTR talks to, for demos, tests and training.

Each one is an ordinary HTTP server that knows nothing of WhatsTR: an outsider's idea of the
service, so that our client is tested against something that does not share its mistakes.
"""
