"""Objects that lie in several blocks become one, and get their ids: a tree of tasks, none of which holds all."""
