"""The send engine. Runs in the role `sender` only: it alone holds the keys that open a campaign."""
