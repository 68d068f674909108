"""What is drawn: nodes, scopes, folded groups, and the diagram made of them."""
