"""Work that window and command line share, without Qt."""
