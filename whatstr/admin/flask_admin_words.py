"""Flask-Admin's own words, out of a catalogue of ours instead of the one that it ships."""

from __future__ import annotations

from flask_admin import babel

from whatstr.core.i18n import TRANSLATIONS

CATALOG = TRANSLATIONS / "flask_admin"


class OwnWords(babel.CustomDomain):  # type: ignore[misc]
    """Flask-Admin's domain over our catalogue alone. `Admin(translations_path=…)` can only add to
    the stock catalogue: of two twins the stock one wins, and which one is read hangs on the view
    that is open when the catalogue is first needed."""

    @property
    def translation_directories(self) -> list[str]:
        return [str(CATALOG)]


def install() -> None:
    """Every module of Flask-Admin holds methods of its one domain: it is the domain that changes
    its class, once for the process."""
    babel.domain.__class__ = OwnWords
    babel.domain.cache.clear()
