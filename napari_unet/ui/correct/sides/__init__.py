"""A z-stack from the front and from the side: seen, gone through and corrected there."""
