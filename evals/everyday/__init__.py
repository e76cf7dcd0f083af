"""Small folders as people have them, questions as people ask them, and how many are answered."""
