"""Record a scalar program once, then replay it natively or as array operations."""
