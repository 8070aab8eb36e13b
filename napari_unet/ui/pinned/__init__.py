"""What is always in sight, below the steps: the running job, the choice that waits, what can be undone."""
