"""The stepping page."""
