"""From a tape to instructions on arrays."""
