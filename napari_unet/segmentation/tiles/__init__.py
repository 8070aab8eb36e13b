"""A plane cut into tiles that go through the network one by one, and the maps that their answers make."""
