"""The WSGI entry point of the role in WHATSTR_ROLE."""

from whatstr import create_app

app = create_app()
