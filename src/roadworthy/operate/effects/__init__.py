"""Effects on their way: their pace and order, what became of them, and how they are taken back."""
