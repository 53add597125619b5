"""Topic models: fitting them, saying how good they are, and how stable; one question each."""
