"""The review queue: the objects that are most likely wrong, one by one."""
