"""What the API answers: the shapes that its document describes and its client names."""
