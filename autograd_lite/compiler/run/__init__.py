"""What runs instructions on arrays: NumPy, or rows of operations in C."""
