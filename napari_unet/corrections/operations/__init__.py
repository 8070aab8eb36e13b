"""What a person does to labels in one go: each operation looks at objects within their boxes and returns a `Change`.

Nothing is written here: the window writes a change through the layer's own edit path, so that it can be undone. Labels
are integer arrays with axes out of "TZYX"; a place is one index an axis; `through` names the axes before YX (by their
numbers) along which an object is followed, empty for the plane of the place alone.
"""
