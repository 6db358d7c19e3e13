"""Every mapped class, imported once so that metadata is whole: for migrations and tests."""

from whatstr.abuse import models as abuse
from whatstr.accounts import member_models as members
from whatstr.accounts import models as accounts
from whatstr.accounts import staff_models
from whatstr.audiences import models as audiences
from whatstr.audit import models as audit
from whatstr.billing import models as billing
from whatstr.campaigns import models as campaigns
from whatstr.exports import models as exports
from whatstr.lines import models as lines
from whatstr.privacy import models as privacy
from whatstr.sending import models as sending
from whatstr.support import models as support
from whatstr.vault import models as vault
from whatstr.vault import rekey_models as rekey

__all__ = [
    "abuse",
    "accounts",
    "audiences",
    "audit",
    "billing",
    "campaigns",
    "exports",
    "lines",
    "members",
    "privacy",
    "rekey",
    "sending",
    "staff_models",
    "support",
    "vault",
]
