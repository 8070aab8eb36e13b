"""Arrays of ids alone: pieces, contacts, matching, linking, scores."""
