"""What a thief or a member of staff would find: planted values searched for in all that is kept."""
