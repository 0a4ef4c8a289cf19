"""How much of the engagement of posts and creators is real: SQL over canonical tables, and what is written of it."""
