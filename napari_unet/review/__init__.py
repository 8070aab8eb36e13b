"""Where a person should look next: measures of objects, suspicion, the queue."""
