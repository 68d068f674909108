"""Every operation once: its value, its partial derivatives, and the C that is written from them."""
