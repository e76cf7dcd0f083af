"""What a language model writes, what it cites, and what documents can make it say."""
